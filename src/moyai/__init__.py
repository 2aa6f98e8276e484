"""moyai: Amazon ECS Service Connect that people can run themselves."""
