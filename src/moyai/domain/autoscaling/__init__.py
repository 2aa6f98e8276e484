"""Application Auto Scaling: scalable targets with their schedules, scaling policies and activities."""
