"""Service Connect: what a service asks for, and the names its tasks see."""
