"""Secrets Manager: secrets with their versions, and its errors."""
