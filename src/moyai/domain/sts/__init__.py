"""Security Token Service: keys of roles, which are worked out and not kept."""
