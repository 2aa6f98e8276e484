"""Application Auto Scaling: what may be scaled, by which rules, and what came of it."""
