"""Implements ``ports.pki`` with the library ``cryptography``."""
