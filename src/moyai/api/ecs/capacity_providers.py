"""Capacity providers: create, describe, update, delete.

Promise: a provider of one's own is the container instances that name it in their tag ``moyai:capacity-provider``; its
Auto Scaling group is recorded and shown. FARGATE and FARGATE_SPOT are there from the start.
Refuses: managed scaling, managed draining and termination protection, as there is no group that could scale; managed
instances.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from moyai.api.ecs.lookup import active_cluster
from moyai.api.ecs.paging import Ask, page
from moyai.api.ecs.refusal import unsupported
from moyai.api.ecs.tagging import Tag, tag_list, tag_map
from moyai.api.operation import Context
from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.errors import ClientException, InvalidParameter
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName
from moyai.kernel.scope import Scope
from moyai.plan.placement.capacity import FARGATE_PROVIDERS

_NAME = re.compile(r"(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)
_GROUP = re.compile(r"arn:aws:autoscaling:[a-z0-9-]+:[0-9]{12}:autoScalingGroup:[^:\s]{1,64}:autoScalingGroupName/\S+")
_LONGEST_GROUP = 512
_MAX_PAGE = 10
_MAX_DESCRIBED = 100
_OFF = "DISABLED"
_NO_GROUP = "there is no Auto Scaling group; register container instances with the tag moyai:capacity-provider"


class ManagedScaling(msgspec.Struct, frozen=True):
    """managedScaling; only switched off."""

    status: str = _OFF


class GroupProvider(msgspec.Struct, frozen=True):
    """autoScalingGroupProvider; what is managed is only switched off."""

    auto_scaling_group_arn: str
    managed_scaling: ManagedScaling = ManagedScaling()
    managed_termination_protection: str = _OFF
    managed_draining: str = _OFF


class GroupProviderUpdate(msgspec.Struct, frozen=True):
    """autoScalingGroupProvider of an update; the same."""

    managed_scaling: ManagedScaling = ManagedScaling()
    managed_termination_protection: str = _OFF
    managed_draining: str = _OFF


class CreateCapacityProviderRequest(msgspec.Struct, frozen=True):
    """Input of CreateCapacityProvider."""

    name: str
    auto_scaling_group_provider: GroupProvider | None = None
    tags: tuple[Tag, ...] = ()


class UpdateCapacityProviderRequest(msgspec.Struct, frozen=True):
    """Input of UpdateCapacityProvider."""

    name: str
    auto_scaling_group_provider: GroupProviderUpdate = GroupProviderUpdate()


class DeleteCapacityProviderRequest(msgspec.Struct, frozen=True):
    """Input of DeleteCapacityProvider."""

    capacity_provider: str


class DescribeCapacityProvidersRequest(msgspec.Struct, frozen=True):
    """Input of DescribeCapacityProviders."""

    capacity_providers: tuple[str, ...] = ()
    cluster: str | None = None
    include: frozenset[str] = frozenset()
    max_results: int | None = None
    next_token: str | None = None


def create_capacity_provider(ctx: Context, request: CreateCapacityProviderRequest) -> dict[str, object]:
    """A provider of the account's own."""
    if not _NAME.fullmatch(request.name):
        raise InvalidParameter(
            "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters"
            ' (upper and lowercase), numbers, underscores, and hyphens. The name cannot be prefixed with "aws",'
            ' "ecs", or "fargate".'
        )
    key = provider_arn(ctx.scope, request.name)
    if key in ctx.store.world.capacity_providers:
        raise InvalidParameter(
            "A capacity provider with the specified name already exists. Specify a different name and try again."
        )
    asked = request.auto_scaling_group_provider
    if asked is None:
        raise InvalidParameter("A capacity provider has an autoScalingGroupProvider.")
    group = asked.auto_scaling_group_arn
    if len(group) > _LONGEST_GROUP or not _GROUP.fullmatch(group):
        raise InvalidParameter("autoScalingGroupArn must be the ARN of an Auto Scaling group.")
    _check_managed(asked.managed_scaling, asked.managed_termination_protection, asked.managed_draining)
    made = CapacityProvider(
        arn=key,
        name=CapacityProviderName(request.name),
        created_at=ctx.now,
        auto_scaling_group=group,
        tags=tag_map(request.tags, "capacity-provider"),
    )
    ctx.store.apply([Put(made)])
    return {"capacity_provider": _view(made, with_tags=True)}


def update_capacity_provider(ctx: Context, request: UpdateCapacityProviderRequest) -> dict[str, object]:
    """Changes nothing: what an update could change is only switched off here."""
    found = _known(ctx, request.name)
    asked = request.auto_scaling_group_provider
    _check_managed(asked.managed_scaling, asked.managed_termination_protection, asked.managed_draining)
    return {"capacity_provider": _view(found, status="UPDATE_COMPLETE")}


def delete_capacity_provider(ctx: Context, request: DeleteCapacityProviderRequest) -> dict[str, object]:
    """Forget a provider that no cluster has."""
    name = _name_of(request.capacity_provider)
    if name in FARGATE_PROVIDERS:
        raise ClientException(f"The reserved capacity provider {name} can't be deleted.")
    found = _known(ctx, request.capacity_provider)
    users = [c.name for c in ctx.store.world.clusters.by("scope", scope_key(ctx.scope)) if name in c.capacity_providers]
    if users:
        raise ClientException(
            f"The capacity provider cannot be deleted because it is associated with cluster: {users[0]}. Remove the"
            " capacity provider from the cluster and try again."
        )
    ctx.store.apply([Delete(CapacityProvider, found.key)])
    return {"capacity_provider": _view(found, status="DELETE_COMPLETE") | {"status": "INACTIVE"}}


def describe_capacity_providers(ctx: Context, request: DescribeCapacityProvidersRequest) -> dict[str, object]:
    """Providers by name or ARN; all there are when none is named."""
    if len(request.capacity_providers) > _MAX_DESCRIBED:
        raise InvalidParameter(f"capacityProviders can have at most {_MAX_DESCRIBED} items.")
    if request.max_results is not None and not 1 <= request.max_results <= _MAX_PAGE:
        raise InvalidParameter(f"maxResults must be between 1 and {_MAX_PAGE}.")
    with_tags = "TAGS" in request.include
    known = {one.name: _view(one, with_tags=with_tags) for one in _of_scope(ctx)}
    known |= {CapacityProviderName(name): _fargate(ctx.scope, name) for name in FARGATE_PROVIDERS}
    if request.cluster is not None:
        own = active_cluster(ctx, request.cluster).capacity_providers
        known = {name: view for name, view in known.items() if name in own}
    asked = {one: _name_of(one) for one in request.capacity_providers}
    shown = [name for name in known if not asked or name in asked.values()]
    listing = ("DescribeCapacityProviders", request.cluster, *request.capacity_providers)
    found = page(shown, Ask(listing, request.next_token, request.max_results, _MAX_PAGE))
    return {
        "capacity_providers": [known[CapacityProviderName(name)] for name in found.keys],
        "failures": [
            {"arn": provider_arn(ctx.scope, name), "reason": "MISSING"} for name in asked.values() if name not in known
        ],
        "next_token": found.next_token,
    }


def provider_arn(scope: Scope, identifier: str) -> CapacityProviderArn:
    """The ARN that this name or ARN means."""
    if identifier.startswith("arn:"):
        return CapacityProviderArn(identifier)
    return CapacityProviderArn(arn("ecs", scope, f"capacity-provider/{identifier}"))


def check_providers(ctx: Context, names: Iterable[str]) -> tuple[str, ...]:
    """Their names. Raises InvalidParameter for one that is not there."""
    found = tuple(_name_of(name) for name in names)
    for name in found:
        if name not in FARGATE_PROVIDERS and provider_arn(ctx.scope, name) not in ctx.store.world.capacity_providers:
            raise InvalidParameter(
                "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
            )
    return found


def _known(ctx: Context, identifier: str) -> CapacityProvider:
    found = ctx.store.world.capacity_providers.get(provider_arn(ctx.scope, identifier))
    if found is None:
        raise InvalidParameter(
            "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
        )
    return found


def _of_scope(ctx: Context) -> Iterable[CapacityProvider]:
    return (one for one in ctx.store.world.capacity_providers if scope_of(one.arn) == ctx.scope)


def _name_of(identifier: str) -> CapacityProviderName:
    parsed = parse_arn(identifier)
    if parsed is None or parsed.kind != "capacity-provider" or len(parsed.path) != 1:
        return CapacityProviderName(identifier)
    return CapacityProviderName(parsed.path[0])


def _check_managed(scaling: ManagedScaling, protection: str, draining: str) -> None:
    asked = {
        "managedScaling.status": scaling.status,
        "managedTerminationProtection": protection,
        "managedDraining": draining,
    }
    for member, value in asked.items():
        if value != _OFF:
            raise unsupported(f"autoScalingGroupProvider.{member}", value, _NO_GROUP)


def _view(provider: CapacityProvider, *, with_tags: bool = False, status: str | None = None) -> dict[str, object]:
    return {
        "capacity_provider_arn": provider.arn,
        "name": provider.name,
        "status": "ACTIVE",
        "type": "EC2_AUTOSCALING",
        "update_status": status,
        "auto_scaling_group_provider": {
            "auto_scaling_group_arn": provider.auto_scaling_group,
            "managed_scaling": {"status": _OFF},
            "managed_termination_protection": _OFF,
            "managed_draining": _OFF,
        },
        "tags": tag_list(provider.tags) if with_tags else [],
    }


def _fargate(scope: Scope, name: str) -> dict[str, object]:
    return {
        "capacity_provider_arn": provider_arn(scope, name),
        "name": name,
        "status": "ACTIVE",
        "type": name,
        "tags": [],
    }
