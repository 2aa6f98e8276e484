"""Container images: their names and manifests, the sources that they are pulled from, and the store on disk."""
