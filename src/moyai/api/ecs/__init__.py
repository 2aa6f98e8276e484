"""Amazon ECS: a package for each kind of resource, the launch options that they share, and ``service`` with the
operations.
"""
