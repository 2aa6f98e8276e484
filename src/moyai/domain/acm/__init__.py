"""AWS Certificate Manager: requested and imported certificates, and their keys."""
