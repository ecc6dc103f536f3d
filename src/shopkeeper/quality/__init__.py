"""Can we trust this data: checks, a report, and repairs of what learning reads."""
