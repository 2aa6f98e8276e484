"""Which container instance a task goes to: the cluster query language, what is left where, and the choice. Pure."""
