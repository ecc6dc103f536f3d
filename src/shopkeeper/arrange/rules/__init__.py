"""One page rule a file."""
