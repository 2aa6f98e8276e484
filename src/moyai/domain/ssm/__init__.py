"""Parameter Store: parameters with their versions, and its errors."""
