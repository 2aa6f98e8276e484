"""Resources that other accounts share by Resource Access Manager.

Promise: sharing is within a region, and ends with the share.
Source: https://docs.aws.amazon.com/ram/latest/userguide/what-is.html
"""

from __future__ import annotations

from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import World
from moyai.kernel.scope import Scope


def may_use(world: World, scope: Scope, resource: str) -> bool:
    """Whether the resource with this ARN is the scope's own, or shared with its account."""
    owner = scope_of(resource)
    if owner == scope:
        return True
    shares = world.resource_shares.each("resource", resource)
    return owner.region == scope.region and any(share.grants(resource, scope.account) for share in shares)


def resources_shared_with(world: World, scope: Scope) -> list[str]:
    """The ARNs of the resources that other accounts share with the scope's account, in order."""
    return sorted(
        {
            resource.entity
            for share in world.resource_shares.each("consumer", scope_key(scope))
            for resource in share.resources
            if share.grants(resource.entity, scope.account)
        }
    )
