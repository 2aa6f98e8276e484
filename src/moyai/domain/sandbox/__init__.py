"""The specifications of what a runtime is to run, and the states that it observes."""
