"""The usage of tasks and the contents of clusters: the utilization metrics of Amazon ECS and Container Insights."""
