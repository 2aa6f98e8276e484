"""``moyai analyze``: what files for ECS would do here, before anything runs."""
