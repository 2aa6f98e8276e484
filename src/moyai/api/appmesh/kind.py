"""The kinds of App Mesh resources: the differences between them. ``kind_operations`` has the operations of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from botocore import xform_name

from moyai.api.appmesh.location import Location
from moyai.api.appmesh.rules.text import Faults, resource_name
from moyai.api.operation import Context
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import AppMeshResourceType
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.domain.appmesh.virtual_gateway import GatewayRoute, VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import AppMeshRoute, VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.table import Table
from moyai.domain.world import Change, World
from moyai.kernel.ids import AccountId

AnyResource = Mesh | VirtualNode | VirtualService | VirtualRouter | AppMeshRoute | VirtualGateway | GatewayRoute
R = TypeVar("R", bound=AnyResource)


class SpecChange(msgspec.Struct, frozen=True):
    """A spec that is about to be stored, and the resources that it may refer to."""

    world: World
    location: Location
    name: str
    owner: AccountId
    """The account that owns the resource, or will."""
    spec: Any
    quotas: AppMeshQuotas


class Requests(NamedTuple):
    """The request types of the five operations. All but the list request have a ``name``; create and update requests
    have a ``spec`` and a ``client_token``, and create requests ``tags``.
    """

    delete: type[Any]
    create: type[Any]
    update: type[Any]
    list: type[Any]
    describe: type[Any] | None = None
    """The input of Describe; ``delete``'s where it is None."""


def nothing(*_: object) -> None:
    """The default of callables that check something: they raise and return nothing."""


def none(*_: object) -> Iterable[Any]:
    """The empty default of callables that return changes, faults or records."""
    return ()


class ResourceKind(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A kind of App Mesh resource: the differences of its five operations from those of the other kinds."""

    noun: str
    """The name in operations: ``VirtualNode``."""
    plural: str
    arn_kind: AppMeshResourceType | None
    """The name in ARNs; None for a mesh."""
    record: Callable[..., R]
    """The type of the records."""
    table: Callable[[World], Table[R]]
    requests: Requests
    location: Callable[[Context, Any], Location]
    """The location of the resource that a request names."""
    describe_location: Callable[[Context, Any], Location] | None = None
    """The location for Describe, where that may read resources of other accounts."""
    spec_faults: Callable[[str, Any], Faults] = none  # type: ignore[assignment]
    """Faults of a spec by itself."""
    name_faults: Callable[[str, str], Faults] = resource_name
    """Faults of a name."""
    check_references: Callable[[SpecChange], None] = nothing
    """Checks a spec against other resources. Raises NotFound, BadRequest, LimitExceeded, Conflict or Forbidden."""
    with_defaults: Callable[[Any], Any] = lambda spec: spec
    """The spec with the defaults that AWS adds."""
    in_use: Callable[[World, Any], str | None] = nothing
    """The reason why a resource cannot be deleted; None when it can."""
    cascade: Callable[[World, Any], Iterable[Change]] = none
    """The other changes when a resource is deleted."""
    shared: Callable[[Context], Iterable[R]] = none
    """Resources of other accounts that lists include."""
    limit: Callable[[AppMeshQuotas], int]
    owners_only: bool = False
    """Whether only the mesh's owner can create a resource."""

    @property
    def member(self) -> str:
        """The kind in snake case, as a member of requests and responses: ``virtual_node``."""
        return str(xform_name(self.noun))

    @property
    def members(self) -> str:
        """The plural in snake case: ``virtual_nodes``."""
        return str(xform_name(self.plural))
