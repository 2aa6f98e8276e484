"""AWS Resource Access Manager: what an account shares with others."""
