"""Container instances: their registration, and the sandboxes that stand for their machines."""
