"""Task definitions: operations, and the rules that a revision is checked against before it is registered."""
