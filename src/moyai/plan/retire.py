"""Cloud Map services that a service's Service Connect made and that nothing offers any more.

Promise: one goes when neither a deployment nor a task that is still there offers it and no instance is
registered in it. Those that somebody made by hand are never touched.
"""

from __future__ import annotations

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.world import Delete, World
from moyai.plan.registration import offers


def unused(world: World, service: Service) -> tuple[Delete, ...]:
    """Changes that remove what the service no longer offers. A DRAINING service offers nothing itself."""
    made = world.discovery_services.by("owner", service.arn)
    if not made:
        return ()
    views = [d.view for d in service.deployments if service.status is ServiceStatus.ACTIVE]
    offered = {o.discovery_service for v in views if v is not None for o in v.offers}
    if all(d.arn in offered for d in made):
        return ()
    tasks = (t for t in world.tasks.by("service", service.arn) if not t.stopped)
    offered |= {o.discovery_service for t in tasks for o in offers(t)}
    return tuple(
        Delete(DiscoveryService, d.key)
        for d in made
        if d.arn not in offered and not world.discovery_instances.by("service", d.arn)
    )
