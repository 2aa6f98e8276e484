"""Container images: their names and manifests, where they come from, and the store that keeps their layers on disk."""
