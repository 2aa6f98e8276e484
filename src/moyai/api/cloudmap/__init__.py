"""AWS Cloud Map: namespaces, services and instances, and DiscoverInstances."""
