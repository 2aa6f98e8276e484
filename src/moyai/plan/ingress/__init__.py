"""The resources that ECS creates and deletes for Express services and gateways, as records of Elastic Load Balancing
and others.
"""
