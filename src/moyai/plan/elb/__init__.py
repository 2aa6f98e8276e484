"""Load balancers: their front proxies, the health of their targets, and the targets that tasks are."""
