"""What proxies report: Envoy's statistics, the metrics they become, and the workload they belong to."""
