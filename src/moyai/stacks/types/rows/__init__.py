"""The rows: each resource type that stacks may have."""
