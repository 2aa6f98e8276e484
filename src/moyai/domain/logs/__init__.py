"""CloudWatch Logs: groups and streams, what an event is, filter patterns, the ``awslogs`` driver."""
