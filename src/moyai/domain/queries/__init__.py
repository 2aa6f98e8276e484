"""Look-ups in the world that follow more than one index: what a name, an ARN or a share refers to."""
