"""What the benchmarks share: a control plane of their own, a load, a table."""
