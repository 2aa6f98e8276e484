"""How a stack becomes what it is to be: what happens next, decided from its records alone."""
