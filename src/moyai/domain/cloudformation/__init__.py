"""AWS CloudFormation: stacks with their resources, events and signals, change sets, drift, and errors."""
