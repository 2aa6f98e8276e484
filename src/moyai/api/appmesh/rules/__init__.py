"""Rules of specs beyond AWS's model: rules that AWS states, and settings that Envoy would refuse.

A rule yields a sentence for each fault, with the place of the member as the caller wrote it; it raises nothing, and
reads nothing but the spec.
"""
