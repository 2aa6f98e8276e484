"""Amazon EventBridge: event buses, rules with their targets, and events."""
