"""CloudFormation's templates: read from text, evaluated with the values of their parameters, ordered by their edges.

Everything here is pure: a text, values and records are the input; nothing is called.
"""
