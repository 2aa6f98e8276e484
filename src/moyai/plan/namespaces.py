"""Cloud Map namespaces as records: how one is made, and how one is found.

Promise: a namespace is found by its ARN, its id or its name, and always in the same way, whichever
API asks; where a name belongs to namespaces of several types, the HTTP one is meant, then the
private, then the public one.
Source: https://docs.aws.amazon.com/cloud-map/latest/dg/working-with-namespaces.html
"""

from __future__ import annotations

from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, NamespaceArn, NamespaceId
from moyai.kernel.scope import Scope

_ID_LENGTH = 16
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
    """The scope's namespace with this ARN, id or name, or None."""
    if identifier.startswith("arn:"):
        found = world.namespaces.get(identifier)
        return found if found is not None and scope_of(found.arn) == scope else None
    by_id = world.namespaces.get(namespace_arn(scope, NamespaceId(identifier)))
    return by_id or _named(world, scope, identifier)


def _named(world: World, scope: Scope, name: str) -> Namespace | None:
    named = [n for n in world.namespaces.by("scope", scope_key(scope)) if n.name == name]
    return min(named, key=lambda n: _MEANT_FIRST.index(n.type), default=None)
