"""What is said of a name that nobody has: there is nobody to send to, and nowhere to route to."""

from __future__ import annotations

from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.route.v3 import route_pb2


def no_endpoints(name: str) -> endpoint_pb2.ClusterLoadAssignment:
    """The cluster has no endpoints, and requests to it fail at once."""
    return endpoint_pb2.ClusterLoadAssignment(cluster_name=name)


def no_routes(name: str) -> route_pb2.RouteConfiguration:
    """Every request is answered with 404."""
    return route_pb2.RouteConfiguration(name=name)
