"""Helpers for tests of moyai and of its clients: a manual clock, seeded ids, builders of worlds."""
