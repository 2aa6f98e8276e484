"""AWS Resource Access Manager: resources that an account shares with others."""
