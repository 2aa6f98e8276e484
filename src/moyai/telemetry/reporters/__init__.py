"""The workloads that proxies report for, the names of their statistics, and the metrics made from these."""
