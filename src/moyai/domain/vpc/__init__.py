"""The networks tasks live in."""
