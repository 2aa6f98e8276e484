"""What can be called: a discovery service's routes."""

from __future__ import annotations

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.names import Offer
from moyai.domain.connect.tuning import Tuning
from moyai.domain.world import World
from moyai.mesh.ir import (
    Protocol,
    RouteTable,
    Service,
    StreamSplit,
    Target,
)
from moyai.mesh.service_connect.policies import (
    RETRIES,
    protocol_of,
    timeouts_of,
)
from moyai.mesh.service_connect.rules import rules_of


def mesh_name(namespace: Namespace, service: DiscoveryService) -> str:
    """Readable, and unique over all accounts and regions because the service's id is."""
    return f"{service.name}.{namespace.name}/{service.id}"


def service_of(world: World, service: DiscoveryService, name: str, tuning: Tuning) -> Service:
    """The routes to the discovery service, as all its callers have them."""
    protocol = protocol_of(service.protocol)
    timeouts = timeouts_of(protocol, _live_offer(world, service))
    targets = (Target(name),)
    routing: RouteTable | StreamSplit
    if protocol is Protocol.TCP:
        retries = RETRIES if tuning.retries is None else tuning.retries
        routing = StreamSplit(targets, timeouts, connect_attempts=1 + retries)
    else:
        routing = RouteTable(rules_of(protocol, targets, timeouts, tuning))
    return Service(name, protocol, routing, stat_name=f"egress.{service.name}")


def _live_offer(world: World, service: DiscoveryService) -> Offer | None:
    """What the service's newest deployment says of this port: callers follow it without a deployment of their own."""
    owner = world.services.get(service.owner)
    view = None if owner is None else owner.primary.view
    if view is None:
        return None
    return next((o for o in view.offers if o.discovery_service == service.arn), None)
