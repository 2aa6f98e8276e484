"""AWS Private CA: certificate authorities and what they issued."""
