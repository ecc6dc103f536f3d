"""A text model made smaller: one technique a file, each from a model and texts of the shop."""
