"""CloudWatch Logs' filter patterns, compiled to predicates on messages."""
