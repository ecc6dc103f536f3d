"""ORDER TO PAGE: rules that drop, collapse, sort and move, each saying what it did."""
