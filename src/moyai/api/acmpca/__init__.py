"""AWS Private CA's operations. One file a resource."""
