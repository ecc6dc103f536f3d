"""Numbers as pure functions: ranking, catalogue, statistics."""
