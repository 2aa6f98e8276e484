"""Implementations of the port ``TaskRuntime``: ``linux`` runs tasks on this machine, ``sim`` simulates them."""
