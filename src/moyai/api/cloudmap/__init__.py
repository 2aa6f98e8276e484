"""AWS Cloud Map's API: namespaces, what Service Connect registers in them, and how to look it up."""
