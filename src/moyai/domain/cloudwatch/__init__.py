"""Amazon CloudWatch: what a metric is called, what a statistic says, which errors a query can meet."""
