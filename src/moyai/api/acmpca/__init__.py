"""The operations of AWS Private CA."""
