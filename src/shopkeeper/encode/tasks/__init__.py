"""What a text model is taught, one task a file."""
