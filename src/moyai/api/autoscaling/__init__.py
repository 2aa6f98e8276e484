"""Application Auto Scaling's API: the desired count of ECS services."""
