"""What one noun has of its own; the verbs, which are the same for all, are in ``verbs``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from botocore import xform_name

from moyai.api.appmesh.place import Place
from moyai.api.appmesh.rules.text import Faults, resource_name
from moyai.api.operation import Context
from moyai.domain.appmesh.gateway_route import GatewayRoute
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import Kind as Word
from moyai.domain.appmesh.quotas import Quotas
from moyai.domain.appmesh.route import Route
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.table import Table
from moyai.domain.world import Change, World
from moyai.kernel.ids import AccountId

AnyResource = Mesh | VirtualNode | VirtualService | VirtualRouter | Route | VirtualGateway | GatewayRoute
R = TypeVar("R", bound=AnyResource)


class Case(msgspec.Struct, frozen=True):
    """A spec that is about to be recorded, and where."""

    world: World
    place: Place
    name: str
    owner: AccountId
    """Whose the resource is, or will be."""
    spec: Any
    quotas: Quotas


class Requests(NamedTuple):
    """The typed requests of the five verbs. All but the listing one have a ``name``; those that create and update have
    a ``spec`` and a ``client_token``, and the former ``tags``. ``describing``: None is as ``naming``.
    """

    naming: type[Any]
    creating: type[Any]
    updating: type[Any]
    listing: type[Any]
    describing: type[Any] | None = None


def nothing(*_: object) -> None:
    """The default of callables that check something: they raise and return nothing."""


def none(*_: object) -> Iterable[Any]:
    """The empty default of callables that return changes, faults or records."""
    return ()


class Kind(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One kind of App Mesh resource: how its five operations differ from those of the others."""

    noun: str
    """As operations call it: ``VirtualNode``."""
    plural: str
    word: Word | None
    """As ARNs call it; None for a mesh."""
    record: Callable[..., R]
    """Makes one, from its fields by name."""
    table: Callable[[World], Table[R]]
    requests: Requests
    place: Callable[[Context, Any], Place]
    """Where a request's resource is."""
    described: Callable[[Context, Any], Place] | None = None
    """The same for Describe, where that can see more."""
    faults: Callable[[str, Any], Faults] = none  # type: ignore[assignment]
    """What is wrong with a spec for itself."""
    named: Callable[[str, str], Faults] = resource_name
    """What is wrong with a name."""
    refer: Callable[[Case], None] = nothing
    """Raises what is wrong with a spec among the others: NotFound, BadRequest, LimitExceeded, Conflict, Forbidden."""
    filled: Callable[[Any], Any] = lambda spec: spec
    """The spec with what AWS adds to it."""
    in_use: Callable[[World, Any], str | None] = nothing
    """Why one can't be deleted."""
    goes_with: Callable[[World, Any], Iterable[Change]] = none
    """What else changes when one is deleted."""
    lent: Callable[[Context], Iterable[R]] = none
    """What lists have beside what is in the place."""
    limit: Callable[[Quotas], int]
    owners_only: bool = False
    """Whether only the mesh's owner can create one."""

    @property
    def member(self) -> str:
        """The kind in snake case, as member of requests and answers: ``virtual_node``."""
        return str(xform_name(self.noun))

    @property
    def members(self) -> str:
        """The plural in snake case: ``virtual_nodes``."""
        return str(xform_name(self.plural))
