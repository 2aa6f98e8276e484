"""Amazon CloudWatch's API: metrics, and alarms on them."""
