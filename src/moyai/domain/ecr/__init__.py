"""Amazon ECR: repositories with their images, layers and lifecycle policies, tokens, names of registries, errors."""
