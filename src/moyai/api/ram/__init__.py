"""AWS Resource Access Manager, as far as Cloud Map's namespaces are shared."""
