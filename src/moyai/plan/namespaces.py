"""Cloud Map namespaces as records: how one is made, and how one is found.

Promise: a namespace is found by its ARN, its id or its name, and always in the same way, whichever
API asks; where a name belongs to namespaces of several types, the HTTP one is meant, then the
private, then the public one. One that another account shares is found by its ARN alone.
Sources: https://docs.aws.amazon.com/cloud-map/latest/dg/working-with-namespaces.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-shared-namespaces.html
"""

from __future__ import annotations

from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.keys import scope_key
from moyai.domain.queries.sharing import may_use, resources_shared_with
from moyai.domain.world import World
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, NamespaceArn, NamespaceId
from moyai.kernel.scope import Scope

_ID_LENGTH = 16
_LOOKING = "servicediscovery:GetNamespace"
_MEANT_FIRST = tuple(NamespaceType)


def namespace_arn(scope: Scope, namespace: NamespaceId) -> NamespaceArn:
    """The ARN of the namespace with this id."""
    return NamespaceArn(arn("servicediscovery", scope, f"namespace/{namespace}"))


def new_http_namespace(scope: Scope, name: str, now: Instant, ids: Ids) -> Namespace:
    """A namespace of the type HTTP: its services are found through the API alone."""
    namespace = NamespaceId(f"ns-{ids.alphanumeric(_ID_LENGTH)}")
    return Namespace(
        arn=namespace_arn(scope, namespace), id=namespace, name=name, type=NamespaceType.HTTP, created_at=now
    )


def find_namespace(world: World, scope: Scope, identifier: str) -> Namespace | None:
    """The namespace with this ARN, id or name that the scope may use, or None."""
    if identifier.startswith("arn:"):
        found = world.namespaces.get(identifier)
        return found if found is not None and may_use(world, scope, found.arn) else None
    by_id = world.namespaces.get(namespace_arn(scope, NamespaceId(identifier)))
    return by_id or _named(world, scope, identifier)


def shared_namespaces(world: World, scope: Scope) -> tuple[Namespace, ...]:
    """The namespaces of other accounts that the scope may use."""
    found = (world.namespaces.get(shared) for shared in resources_shared_with(world, scope))
    return tuple(namespace for namespace in found if namespace is not None)


def not_shared(scope: Scope, identifier: str) -> str | None:
    """What AWS says of another account's namespace that isn't shared; None where ``identifier`` isn't such a one's."""
    named = parse_arn(identifier)
    if named is None or named.scope == scope or named.scope.region != scope.region:
        return None
    return (
        f"User: arn:aws:iam::{scope.account}:root is not authorized to perform: {_LOOKING} on resource: {identifier}"
        f" because no resource-based policy allows the {_LOOKING} action"
    )


def _named(world: World, scope: Scope, name: str) -> Namespace | None:
    named = [n for n in world.namespaces.by("scope", scope_key(scope)) if n.name == name]
    return min(named, key=lambda n: _MEANT_FIRST.index(n.type), default=None)
