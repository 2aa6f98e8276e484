"""Access and connection logs of load balancers: from the entries of front proxies to files as in a bucket of S3."""
