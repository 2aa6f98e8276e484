"""Clusters and capacity providers: operations, rules and views."""
