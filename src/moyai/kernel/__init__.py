"""Typed ids and ARNs, the Clock and Ids protocols, and the root of the error tree."""
