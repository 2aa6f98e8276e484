"""The rows of all resource types, by service."""
