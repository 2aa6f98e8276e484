"""The ECS task metadata endpoint, versions 3 and 4: what a task can read about itself from inside."""
