"""Amazon CloudWatch Logs' API: groups, streams and their events."""
