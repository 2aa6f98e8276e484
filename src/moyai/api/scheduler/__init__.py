"""Amazon EventBridge Scheduler: schedules of ECS tasks, and their groups."""
