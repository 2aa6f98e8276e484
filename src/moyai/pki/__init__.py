"""Keys and certificates by the library ``cryptography``: a peer of nothing, behind ``ports.pki``."""
