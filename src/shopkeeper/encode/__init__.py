"""Products and queries to vectors: the language model."""
