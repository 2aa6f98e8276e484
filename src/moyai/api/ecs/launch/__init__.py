"""The launch of tasks, shared by services, tasks and task sets: launch options, placement and network."""
