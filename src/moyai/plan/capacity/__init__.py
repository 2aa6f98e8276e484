"""Container instances: their registration, and the sandboxes that represent their machines."""
