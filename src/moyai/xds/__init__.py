"""Envoy's configuration: what the mesh means in its words (translate), and how it gets there (server)."""
