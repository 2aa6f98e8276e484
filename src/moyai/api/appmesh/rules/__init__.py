"""What specs have to keep to beyond AWS's model: rules that AWS states, and whatever Envoy would refuse.

A rule yields a sentence for each fault, with the member's place in it as the caller wrote it; it raises nothing, and
looks at nothing but the spec.
"""
