"""THE SYSTEM IN FOUR FILES: learn, answer, observe, compare."""
