"""Task placement: the resources and constraints of container instances, and the choice among them."""
