"""AWS Cloud Map: namespaces, the services in them, the instances behind a service."""
