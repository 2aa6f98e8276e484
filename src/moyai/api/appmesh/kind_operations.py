"""The operations Create, Describe, Update, Delete and List, for all kinds of resources.

Promise: Create and Update store a whole spec as it was sent, once it has passed every rule; an update increments the
version, also when it changes nothing. Accounts that may use a shared mesh can describe the resources in it; a resource
is updated by its owner, and deleted by its owner or the mesh's.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, Generic

from msgspec.structs import replace

from moyai.api.appmesh.client_tokens import call_of, changed_by, with_call
from moyai.api.appmesh.kind import AnyResource, R, ResourceKind, SpecChange
from moyai.api.appmesh.location import Location, absent
from moyai.api.appmesh.rules.text import Faults
from moyai.api.appmesh.tags import tag_rules
from moyai.api.appmesh.view import DELETED, data, reference
from moyai.api.operation import ApiOperation, Context
from moyai.api.tagging import checked_tags
from moyai.domain.appmesh.errors import BadRequest, Conflict, Forbidden, LimitExceeded, NotFound, ResourceInUse
from moyai.domain.appmesh.names import name_key
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.domain.appmesh.resource import ClientRequest
from moyai.domain.paging import page
from moyai.domain.world import Delete, Put

MAX_RESULTS = 100
_MAX_FAULTS = 10  # in one message


class KindOperations(Generic[R]):
    """The five operations of one kind of resource."""

    def __init__(self, kind: ResourceKind[R], quotas: AppMeshQuotas) -> None:
        self._kind = kind
        self._quotas = quotas

    def operations(self) -> Iterator[ApiOperation[Any]]:
        """The operations Create, Describe, Update, Delete and List."""
        kind, requests = self._kind, self._kind.requests
        yield ApiOperation(f"Create{kind.noun}", requests.create, self.create)
        yield ApiOperation(f"Describe{kind.noun}", requests.describe or requests.delete, self.describe)
        yield ApiOperation(f"Update{kind.noun}", requests.update, self.update)
        yield ApiOperation(f"Delete{kind.noun}", requests.delete, self.delete)
        yield ApiOperation(f"List{kind.plural}", requests.list, self.list)

    def create(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Create a resource, or return the one that an equal request with the same token created."""
        kind, account = self._kind, ctx.scope.account
        _check(
            chain(kind.name_faults(f"{kind.noun[0].lower()}{kind.noun[1:]}Name", request.name), self._faults(request))
        )
        tags = checked_tags(tag_rules(kind.arn_kind or "mesh"), request.tags)
        call = call_of(ctx, f"Create{kind.noun}", request.client_token, request)
        location = kind.location(ctx, request)
        if (earlier := self._result_of(ctx, call)) is not None:
            return self._response(earlier)
        self._check_new(ctx, location, request.name)
        kind.check_references(SpecChange(ctx.store.world, location, request.name, account, request.spec, self._quotas))
        record = kind.record(
            arn=location.arn(account, kind.arn_kind, request.name),
            name=request.name,
            uid=ctx.ids.uuid(),
            created_at=ctx.now,
            last_updated_at=ctx.now,
            mesh_owner=location.scope.account,
            resource_owner=account,
            spec=kind.with_defaults(request.spec),
            tags=tags,
            calls=with_call((), call),
            **location.fields(),
        )
        ctx.store.apply([Put(record)])
        return self._response(record)

    def describe(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """The resource of this name, for accounts that may use its mesh."""
        location = (self._kind.describe_location or self._kind.location)(ctx, request)
        return self._response(self._existing(ctx, location, request.name))

    def update(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Replace the spec of a resource."""
        kind = self._kind
        _check(self._faults(request))
        call = call_of(ctx, f"Update{kind.noun}", request.client_token, request)
        location = kind.location(ctx, request)
        resource = self._existing(ctx, location, request.name)
        if (earlier := self._result_of(ctx, call)) is not None:
            return self._response(earlier)
        if resource.resource_owner != ctx.scope.account:
            raise Forbidden(f"{resource.arn} is another account's: you may use it, and can't change it.")
        kind.check_references(
            SpecChange(ctx.store.world, location, request.name, resource.resource_owner, request.spec, self._quotas)
        )
        updated_resource = replace(
            resource,
            spec=kind.with_defaults(request.spec),
            version=resource.version + 1,
            last_updated_at=ctx.now,
            calls=with_call(resource.calls, call),
        )
        ctx.store.apply([Put(updated_resource)])
        return self._response(updated_resource)

    def delete(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """Delete a resource that no other refers to; the response shows it as it was, with the next version."""
        kind, world = self._kind, ctx.store.world
        resource = self._existing(ctx, kind.location(ctx, request), request.name)
        if ctx.scope.account not in {resource.resource_owner, resource.mesh_owner}:
            raise Forbidden(f"{resource.arn} is another account's: you may use it, and can't delete it.")
        if (reason := kind.in_use(world, resource)) is not None:
            raise ResourceInUse(reason)
        deleted: AnyResource = resource
        ctx.store.apply([Delete(type(deleted), deleted.arn), *kind.cascade(world, resource)])
        return self._response(replace(resource, version=resource.version + 1, last_updated_at=ctx.now), DELETED)

    def list(self, ctx: Context, request: Any) -> Mapping[str, object]:  # noqa: ANN401  (one of seven)
        """A page of the resources in a mesh, router or gateway, by ARN."""
        kind = self._kind
        location = kind.location(ctx, request)
        in_location = kind.table(ctx.store.world).each(location.index, location.value)
        resources: dict[str, R] = {record.arn: record for record in chain(in_location, kind.shared(ctx))}
        listing = (kind.plural, location.value)
        keys, token = page(resources, listing, request.next_token, request.limit or MAX_RESULTS, fault=BadRequest)
        return {kind.members: [reference(resources[key]) for key in keys], "next_token": token}

    def _faults(self, request: Any) -> Faults:  # noqa: ANN401  (one of fourteen)
        return self._kind.spec_faults("spec", request.spec)

    def _result_of(self, ctx: Context, call: ClientRequest | None) -> R | None:
        """The resource that an equal call created or updated before."""
        return None if call is None else changed_by(self._kind.table(ctx.store.world).each("call", call.name), call)

    def _check_new(self, ctx: Context, location: Location, name: str) -> None:
        """Raises Forbidden, Conflict or LimitExceeded unless the caller can create a resource of this name."""
        kind = self._kind
        location.check_open_to(ctx.scope.account)
        if kind.owners_only and ctx.scope != location.scope:
            raise Forbidden(f"{kind.plural} of a shared mesh are created by its owner, {location.scope.account}.")
        if self._find(ctx, location, name) is not None:
            raise Conflict(f"{kind.noun} already exists with name {name}")
        limit = kind.limit(self._quotas)
        if kind.table(ctx.store.world).count(location.index, location.value) >= limit:
            raise LimitExceeded(f"There may be {limit} {kind.plural} in one {_LOCATIONS[location.index]}.")

    def _find(self, ctx: Context, location: Location, name: str) -> R | None:
        return next(self._kind.table(ctx.store.world).each("name", name_key(location.value, name)), None)

    def _existing(self, ctx: Context, location: Location, name: str) -> R:
        resource = self._find(ctx, location, name)
        if resource is None and location.mesh is not None:
            raise absent(self._kind.noun, name, location.mesh)
        if resource is None:
            raise NotFound(f"Mesh with name {name} is not present for account {location.scope.account}")
        return resource

    def _response(self, record: R, status: str = "ACTIVE") -> Mapping[str, object]:
        return {self._kind.member: data(record, record.spec, status)}


_LOCATIONS: Mapping[str, str] = {
    "scope": "account",
    "mesh": "mesh",
    "router": "VirtualRouter",
    "gateway": "VirtualGateway",
}


def _check(faults: Faults) -> None:
    """Raises BadRequest with the first faults, if there are any."""
    first = list(islice(faults, _MAX_FAULTS))
    if first:
        raise BadRequest(" ".join(first))
