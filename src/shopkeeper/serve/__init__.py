"""HTTP: one or many shops behind one server, every route under /v1/{shop}."""
