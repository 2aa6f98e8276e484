"""Load balancers: their front proxies, and the targets that tasks are."""
