"""What an alarm's datapoints, or the states of the alarms that its rule names, make of it."""
