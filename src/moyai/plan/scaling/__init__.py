"""Application Auto Scaling: how policies, schedules and bounds change a service's desired count."""
