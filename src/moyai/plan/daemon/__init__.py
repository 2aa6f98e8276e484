"""Managed daemons: their deployments, and one task on each container instance of their capacity providers."""
