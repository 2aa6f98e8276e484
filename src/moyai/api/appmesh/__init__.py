"""AWS App Mesh's operations: five verbs for seven nouns, one file a noun, and tags."""
