"""The networks of tasks and container instances: interfaces, addresses, ports, routes and security groups."""
