"""Names that resolve: Cloud Map's DNS namespaces, and everything else by way of the host's own resolvers."""
