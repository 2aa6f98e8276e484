"""ECS's cluster query language, which selects container instances: parsed and evaluated."""
