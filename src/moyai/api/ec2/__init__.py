"""Amazon EC2's API for virtual private clouds: their subnets, gateways, security groups, interfaces and the like."""
