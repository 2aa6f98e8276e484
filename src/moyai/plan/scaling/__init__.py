"""How many tasks a service is to have: what alarms make of policies, within bounds, and no more often than agreed."""
