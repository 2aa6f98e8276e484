"""Container instances and their attributes, and the operations of the container agent."""
