"""Gateways: ingress that the services of several clusters share."""
