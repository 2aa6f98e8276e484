"""AWS CloudFormation: stacks, their resources and events, change sets, templates."""
