"""One reader a file; the file's name is the reader's name in the settings and on the command line."""
