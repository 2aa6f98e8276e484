"""Amazon EC2's API, as far as a task's network goes: the default VPC and the interfaces in it."""
