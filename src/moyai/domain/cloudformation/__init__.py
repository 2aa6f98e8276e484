"""AWS CloudFormation: its errors."""
