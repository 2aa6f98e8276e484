"""CloudWatch alarms: their configuration, their history, and the evaluation of metric and composite alarms."""
