"""The planner: pure functions from the world and the observed state to the next changes and actions."""
