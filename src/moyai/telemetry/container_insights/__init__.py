"""Metrics of the usage of tasks and the contents of clusters: Amazon ECS's utilization, and Container Insights."""
