"""Cloud Map: which services, instances and attributes are valid, how operations proceed, and health checks."""
