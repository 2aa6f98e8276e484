"""A client of registries: the OCI distribution specification 1.1 and Docker's registry API, version 2."""
