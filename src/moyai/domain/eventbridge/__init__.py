"""Amazon EventBridge: event buses, rules, and events on their way to targets."""
