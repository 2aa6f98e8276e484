"""The order among routes, where two of them say that they come at the same place.

Equal priorities are taken as long as the matches tell the routes apart: what is more exact comes first. Of two with the
same match one could never be reached, and which one would hang on their names: that is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.gateway_route import GatewayRoute, GatewayRouteSpec
from moyai.domain.appmesh.route import AppMeshRoute, RouteSpec


def check_priority(
    name: str, spec: RouteSpec | GatewayRouteSpec, others: Iterable[AppMeshRoute] | Iterable[GatewayRoute]
) -> None:
    """Raises BadRequest for a priority that another of the routes beside ``name`` has, for the same requests."""
    if spec.priority is None:
        return
    for other in others:
        if other.name != name and other.spec.priority == spec.priority and _match(other.spec) == _match(spec):
            raise BadRequest(
                f"spec.priority: {other.name} has the priority {spec.priority} and the same match; one of the two"
                " would never be reached."
            )


def _match(spec: RouteSpec | GatewayRouteSpec) -> object:
    ((protocol, route),) = spec.members.items()
    return protocol, route.match
