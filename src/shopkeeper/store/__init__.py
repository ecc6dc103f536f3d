"""Where state lives: a shop is a folder."""
