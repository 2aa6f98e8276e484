"""Security Token Service: roles' temporary credentials, which are derived and not stored."""
