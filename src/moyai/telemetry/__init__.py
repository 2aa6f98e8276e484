"""Metrics, spans and load balancers' logs from what proxies and tasks report, and the metrics of log events."""
