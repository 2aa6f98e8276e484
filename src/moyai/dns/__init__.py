"""DNS: the names of Cloud Map's namespaces and of VPCs; other names by the host's own resolvers."""
