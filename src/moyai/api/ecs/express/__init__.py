"""Express services: one request makes a service with its load balancer, scaling and monitoring."""
