"""What a runtime is to run, and the state that it observes."""
