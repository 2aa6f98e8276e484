"""Resource types: how CloudFormation's properties become calls of the services that have the resources."""
