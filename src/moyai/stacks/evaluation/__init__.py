"""A template with values: its parameters, conditions, rules and functions evaluated as far as they are known."""
