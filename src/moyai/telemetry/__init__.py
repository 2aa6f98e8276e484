"""What the proxies count: their reports in, the metrics of Service Connect out."""
