"""Create, describe, update, delete and list, for whichever noun.

Promise: Create and Update take a whole spec and record it as it was sent, once it has passed every rule; an update
adds one to the version, whether it changes anything or not. Where a resource is another account's, who may use the
mesh may look at it; it is changed by its owner, and deleted by its owner or the mesh's.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Generic

from msgspec.structs import replace

from moyai.api.appmesh.calls import call_of, made_by, with_call
from moyai.api.appmesh.kind import AnyResource, Case, Kind, R
from moyai.api.appmesh.place import Place, absent
from moyai.api.appmesh.rules.text import Faults
from moyai.api.appmesh.tags import tag_rules
from moyai.api.appmesh.view import DELETED, data, reference
from moyai.api.operation import Context, Operation
from moyai.api.tagging import tag_map
from moyai.domain.appmesh.errors import BadRequest, Conflict, Forbidden, LimitExceeded, NotFound, ResourceInUse
from moyai.domain.appmesh.names import name_key
from moyai.domain.appmesh.quotas import Quotas
from moyai.domain.appmesh.resource import Call
from moyai.domain.paging import BadToken, page
from moyai.domain.world import Delete, Put

MAX_RESULTS = 100
_SAID = 10  # faults in one message


class Verbs(Generic[R]):
    """The five operations of one kind of resource."""

    def __init__(self, kind: Kind[R], quotas: Quotas) -> None:
        self._kind = kind
        self._quotas = quotas

    def operations(self) -> Iterator[Operation[Any]]:
        """The operations Create, Describe, Update, Delete and List."""
        kind, of = self._kind, self._kind.requests
        yield Operation(f"Create{kind.noun}", of.creating, self.create)
        yield Operation(f"Describe{kind.noun}", of.describing or of.naming, self.describe)
        yield Operation(f"Update{kind.noun}", of.updating, self.update)
        yield Operation(f"Delete{kind.noun}", of.naming, self.delete)
        yield Operation(f"List{kind.plural}", of.listing, self.list)

    def create(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Create a resource, or return the one that an equal request with the same token created."""
        kind, account = self._kind, ctx.scope.account
        _check(chain(kind.named(f"{kind.noun[0].lower()}{kind.noun[1:]}Name", request.name), self._faults(request)))
        tags = tag_rules(kind.word or "mesh").added({}, tag_map(request.tags))
        call = call_of(ctx, f"Create{kind.noun}", request.client_token, request)
        place = kind.place(ctx, request)
        if (made := self._made(ctx, call)) is not None:
            return self._shown(made)
        self._check_room(ctx, place, request.name)
        kind.refer(Case(ctx.store.world, place, request.name, account, request.spec, self._quotas))
        record = kind.record(
            arn=place.arn(account, kind.word, request.name),
            name=request.name,
            uid=ctx.ids.uuid(),
            created_at=ctx.now,
            last_updated_at=ctx.now,
            mesh_owner=place.scope.account,
            resource_owner=account,
            spec=kind.filled(request.spec),
            tags=tags,
            calls=with_call((), call),
            **place.fields(),
        )
        ctx.store.apply([Put(record)])
        return self._shown(record)

    def describe(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Describe a resource."""
        place = (self._kind.described or self._kind.place)(ctx, request)
        return self._shown(self._found(ctx, place, request.name))

    def update(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Replace the spec of a resource."""
        kind = self._kind
        _check(self._faults(request))
        call = call_of(ctx, f"Update{kind.noun}", request.client_token, request)
        place = kind.place(ctx, request)
        found = self._found(ctx, place, request.name)
        if (made := self._made(ctx, call)) is not None:
            return self._shown(made)
        if found.resource_owner != ctx.scope.account:
            raise Forbidden(f"{found.arn} is another account's: you may use it, and can't change it.")
        kind.refer(Case(ctx.store.world, place, request.name, found.resource_owner, request.spec, self._quotas))
        changed = replace(
            found,
            spec=kind.filled(request.spec),
            version=found.version + 1,
            last_updated_at=ctx.now,
            calls=with_call(found.calls, call),
        )
        ctx.store.apply([Put(changed)])
        return self._shown(changed)

    def delete(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Delete a resource that no other refers to; the answer has it as it was, with the next version."""
        kind, world = self._kind, ctx.store.world
        found = self._found(ctx, kind.place(ctx, request), request.name)
        if ctx.scope.account not in {found.resource_owner, found.mesh_owner}:
            raise Forbidden(f"{found.arn} is another account's: you may use it, and can't delete it.")
        if (why := kind.in_use(world, found)) is not None:
            raise ResourceInUse(why)
        gone: AnyResource = found
        ctx.store.apply([Delete(type(gone), gone.arn), *kind.goes_with(world, found)])
        return self._shown(replace(found, version=found.version + 1, last_updated_at=ctx.now), DELETED)

    def list(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """A page of the resources in a mesh, router or gateway, by ARN."""
        kind = self._kind
        place = kind.place(ctx, request)
        there = kind.table(ctx.store.world).each(place.index, place.value)
        found: dict[str, R] = {record.arn: record for record in chain(there, kind.lent(ctx))}
        listing = (kind.plural, place.value)
        try:
            shown = page(found, listing, request.next_token, request.limit or MAX_RESULTS)
        except BadToken as error:
            raise BadRequest(str(error)) from error
        return {kind.members: [reference(found[key]) for key in shown.keys], "next_token": shown.next_token}

    def _faults(self, request: Any) -> Faults:  # noqa: ANN401  (one of fourteen)
        return self._kind.faults("spec", request.spec)

    def _made(self, ctx: Context, call: Call | None) -> R | None:
        """The resource that an equal call created or updated before."""
        return None if call is None else made_by(self._kind.table(ctx.store.world).each("call", call.name), call)

    def _check_room(self, ctx: Context, place: Place, name: str) -> None:
        """Raise Forbidden, Conflict or LimitExceeded unless the caller can have one of that name there."""
        kind = self._kind
        place.check_open_to(ctx.scope.account)
        if kind.owners_only and ctx.scope != place.scope:
            raise Forbidden(f"{kind.plural} of a shared mesh are created by its owner, {place.scope.account}.")
        if self._find(ctx, place, name) is not None:
            raise Conflict(f"{kind.noun} already exists with name {name}")
        limit = kind.limit(self._quotas)
        if kind.table(ctx.store.world).count(place.index, place.value) >= limit:
            raise LimitExceeded(f"There may be {limit} {kind.plural} in one {_PLACES[place.index]}.")

    def _find(self, ctx: Context, place: Place, name: str) -> R | None:
        return next(self._kind.table(ctx.store.world).each("name", name_key(place.value, name)), None)

    def _found(self, ctx: Context, place: Place, name: str) -> R:
        found = self._find(ctx, place, name)
        if found is None and place.mesh is not None:
            raise absent(self._kind.noun, name, place.mesh)
        if found is None:
            raise NotFound(f"Mesh with name {name} is not present for account {place.scope.account}")
        return found

    def _shown(self, record: R, status: str = "ACTIVE") -> Mapping[str, object]:
        return {self._kind.member: data(record, record.spec, status)}


_PLACES: Mapping[str, str] = {
    "scope": "account",
    "mesh": "mesh",
    "router": "VirtualRouter",
    "gateway": "VirtualGateway",
}


def _check(faults: Faults) -> None:
    """Raise BadRequest with all that is wrong."""
    found = list(faults)
    if found:
        raise BadRequest(" ".join(found[:_SAID]))
