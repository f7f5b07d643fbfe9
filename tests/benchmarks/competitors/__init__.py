"""Programs that score reviews, each written as its own documentation has a user write it.

All of them read Parquet and write Parquet, unless their docstring says otherwise.
"""
