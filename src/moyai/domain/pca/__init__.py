"""AWS Private CA: certificate authorities and the certificates that they issued."""
