"""The shell around the planner: look, ask for a plan, write it down, carry it out. No policy in here."""
