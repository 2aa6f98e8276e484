"""Metrics: makes time series from the statistics of proxies and tasks, for CloudWatch and Prometheus."""
