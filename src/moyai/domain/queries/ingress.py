"""Look-ups among what ECS manages for services."""

from __future__ import annotations

from moyai.domain.world import World
from moyai.kernel.ids import ServiceArn


def managed_for(world: World, resource: str) -> ServiceArn | None:
    """The service, or the first of the services, for which ECS has made the resource with this ARN or id and needs it;
    None for everything else.
    """
    for path in world.ingress_paths.each("resource", resource):
        return path.service
    for express in world.express_services.each("security_group", resource):
        return express.service
    return None
