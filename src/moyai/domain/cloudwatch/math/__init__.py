"""Metric math: expressions on metrics, as text, as a tree, and worked out. Pure."""
