"""Load balancers, listeners and rules that Amazon ECS manages for its services: no client may delete them."""

from __future__ import annotations

from moyai.domain.elb.errors import ElbFault
from moyai.domain.queries.ingress import managed_for
from moyai.domain.world import World


def check_unmanaged(world: World, resource: str, fault: type[ElbFault]) -> None:
    """Raises ``fault`` for a resource that ECS manages, by its ARN."""
    service = managed_for(world, resource)
    if service is not None:
        raise fault(
            f"'{resource}' cannot be deleted because Amazon ECS manages it for the service {service}. Delete the"
            " service, or take it off its gateway"
        )
