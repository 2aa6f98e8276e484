"""Amazon CloudWatch's API, for reading: the metrics of Service Connect."""
