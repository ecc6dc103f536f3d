"""Files in: readers give raw rows, validation makes them canonical, `load` brings them into a shop."""
