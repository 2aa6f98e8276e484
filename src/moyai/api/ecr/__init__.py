"""Amazon ECR's API."""
