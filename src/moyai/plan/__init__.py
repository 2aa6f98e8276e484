"""What to do next: pure functions from the world and what was seen of it to a plan."""
