"""AWS Security Token Service: the identity of callers, and temporary credentials."""
