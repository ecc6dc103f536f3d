"""Search and recommendation for a shop, from one pipeline, on a language model that knows its goods."""

__version__ = "0.1.0"
