"""Managed daemons of Amazon ECS: their task definitions, the daemons, and their deployments and revisions."""
