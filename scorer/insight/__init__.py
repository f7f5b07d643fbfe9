"""What a run or a model shows beside its scores, found from counts. Printing is left to reports.

It imports the job's results and what stands below; no engine, no report, nothing of the terminal.
"""
