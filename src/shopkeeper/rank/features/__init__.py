"""Ranking features, one file each; the same lines compute them in replay and in serving."""
