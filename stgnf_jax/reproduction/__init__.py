"""The experiments of the paper: its numbers, what is run for them, and the report."""
