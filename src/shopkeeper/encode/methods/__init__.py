"""Which numbers of a text model learn, one method a file."""
