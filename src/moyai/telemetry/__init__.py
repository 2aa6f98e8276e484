"""Metrics: from the statistics of proxies and tasks to time series, CloudWatch and Prometheus."""
