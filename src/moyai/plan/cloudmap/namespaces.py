"""Cloud Map namespaces: how they are created, and how they are found.

Promise: every API finds a namespace in the same way, by its ARN, its id or its name. Where namespaces of several types
share a name, the HTTP one is found first, then the private, then the public one. A namespace that another account
shares is found by its ARN alone.
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
_GET_NAMESPACE = "servicediscovery:GetNamespace"
_BY_PREFERENCE = tuple(NamespaceType)


def namespace_arn(scope: Scope, namespace: NamespaceId) -> NamespaceArn:
    """The ARN of the namespace with this id."""
    return NamespaceArn(arn("servicediscovery", scope, f"namespace/{namespace}"))


def new_http_namespace(scope: Scope, name: str, now: Instant, ids: Ids) -> Namespace:
    """A new namespace of the type HTTP, whose services are found through the API alone."""
    namespace = NamespaceId(f"ns-{ids.alphanumeric(_ID_LENGTH)}")
    return Namespace(
        arn=namespace_arn(scope, namespace), id=namespace, name=name, type=NamespaceType.HTTP, created_at=now
    )


def find_namespace(world: World, scope: Scope, identifier: str) -> Namespace | None:
    """The namespace with this ARN, id or name that the scope may use, or None."""
    if identifier.startswith("arn:"):
        namespace = world.namespaces.get(identifier)
        return namespace if namespace is not None and may_use(world, scope, namespace.arn) else None
    by_id = world.namespaces.get(namespace_arn(scope, NamespaceId(identifier)))
    return by_id or _with_name(world, scope, identifier)


def shared_namespaces(world: World, scope: Scope) -> tuple[Namespace, ...]:
    """The namespaces of other accounts that the scope may use."""
    shared = (world.namespaces.get(key) for key in resources_shared_with(world, scope))
    return tuple(namespace for namespace in shared if namespace is not None)


def not_shared(scope: Scope, identifier: str) -> str | None:
    """AWS's error message for another account's namespace that is not shared; None for other identifiers."""
    parsed = parse_arn(identifier)
    if parsed is None or parsed.scope == scope or parsed.scope.region != scope.region:
        return None
    return (
        f"User: arn:aws:iam::{scope.account}:root is not authorized to perform: {_GET_NAMESPACE} on resource:"
        f" {identifier} because no resource-based policy allows the {_GET_NAMESPACE} action"
    )


def _with_name(world: World, scope: Scope, name: str) -> Namespace | None:
    named = [n for n in world.namespaces.by("scope", scope_key(scope)) if n.name == name]
    return min(named, key=lambda n: _BY_PREFERENCE.index(n.type), default=None)
