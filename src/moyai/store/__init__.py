"""Stores of the world, of log events and of metrics: adapters of the ports ``store``, ``logs`` and ``metric_store``."""
