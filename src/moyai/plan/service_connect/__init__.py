"""Service Connect: which names a service offers and sees, and what becomes of names as services come and go."""
