"""The networks of tasks: VPCs and what is in them."""
