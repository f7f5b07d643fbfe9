"""The machine and the process: cores, memory, signals, time, a background thread, JSON records.

Knows no file of the user's; imports only ``scorer.errors``.
"""
