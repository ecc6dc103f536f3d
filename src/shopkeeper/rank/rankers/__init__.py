"""Rankers, one file each: a table of features to scores that explain themselves."""
