"""The access and connection logs of load balancers: writes the entries of front proxies to files as in an S3 bucket."""
