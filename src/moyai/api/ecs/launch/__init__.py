"""How tasks are launched, as services, tasks and task sets share it: launch options, placement and network."""
