"""CloudWatch's SEARCH: the criteria that find metrics, parsed and evaluated."""
