"""Amazon CloudWatch: the identity of metrics, statistics and their values, alarms, dashboards, errors."""
