"""Resource types: they turn a resource's properties in a template into calls of the service that has the resource."""
