"""AWS Security Token Service: who is asking."""
