"""Evaluates a template's parameters, conditions, rules and functions, as far as their values are known."""
