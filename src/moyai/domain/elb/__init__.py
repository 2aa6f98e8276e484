"""Load balancers, listeners, rules, target groups and targets, as Elastic Load Balancing v2 has them."""
