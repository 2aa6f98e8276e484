"""CloudWatch's metric math: expressions on metrics, parsed and evaluated."""
