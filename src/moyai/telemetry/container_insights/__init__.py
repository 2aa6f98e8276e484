"""What tasks use and what clusters hold: the utilization metrics of Amazon ECS and Container Insights."""
