"""The checks: one question to the data a file."""
