"""Typed ids and ARNs, the Clock and Ids protocols, and the base classes of errors."""
