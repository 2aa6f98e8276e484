"""AWS Certificate Manager: certificates that were asked for or imported, and their keys."""
