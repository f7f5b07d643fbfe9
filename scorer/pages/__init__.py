"""The charting room: pages, tables and charts as HTML that stands alone and lets nothing run.

It knows the escaping of texts and nothing else of the project; who makes a page brings the figures.
"""
