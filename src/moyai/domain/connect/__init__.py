"""Service Connect: the configuration of services, and the names that their tasks resolve."""
