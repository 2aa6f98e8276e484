"""Amazon ECS: one file a resource, and in ``service`` the table of its operations."""
