"""SEARCH: criteria by which metrics are found, as text, as a tree, and asked of a metric. Pure."""
