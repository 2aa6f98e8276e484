"""Capacity providers: create, describe, update, delete.

Promise: a capacity provider of the account consists of the container instances whose tag ``moyai:capacity-provider``
names it. Its Auto Scaling group, with managed scaling, draining and termination protection, is only recorded and shown:
moyai has no Auto Scaling group that could scale. FARGATE and FARGATE_SPOT always exist.
Refuses: managed instances.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.lookup import active_cluster, check_described, tag_rules
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.ecs.capacity_provider import CapacityProvider, ManagedScaling
from moyai.domain.ecs.errors import ClientException, InvalidParameter
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName
from moyai.kernel.scope import Scope
from moyai.plan.placement.choose import FARGATE_PROVIDERS

_NAME = re.compile(r"(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)
_GROUP = re.compile(
    r"arn:aws:autoscaling:[a-z0-9-]+:[0-9]{12}:autoScalingGroup:[^:\s]{1,64}:autoScalingGroupName/\S+|[^:]{1,255}"
)
_LONGEST_GROUP = 512
_MAX_PAGE = 10
_MAX_DESCRIBED = 100


class GroupProviderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The features of an Auto Scaling group that ECS is to manage; None leaves them as they are."""

    managed_scaling: ManagedScaling | None = None
    managed_termination_protection: str | None = None
    managed_draining: str | None = None


class GroupProvider(GroupProviderUpdate, frozen=True, kw_only=True):
    """An Auto Scaling group, and what ECS is to manage of it."""

    auto_scaling_group_arn: str


class CreateCapacityProviderRequest(msgspec.Struct, frozen=True):
    name: str
    auto_scaling_group_provider: GroupProvider | None = None
    tags: tuple[Tag, ...] = ()


class UpdateCapacityProviderRequest(msgspec.Struct, frozen=True):
    name: str
    auto_scaling_group_provider: GroupProviderUpdate = GroupProviderUpdate()


class DeleteCapacityProviderRequest(msgspec.Struct, frozen=True):
    capacity_provider: str


class DescribeCapacityProvidersRequest(PageRequest, frozen=True):
    capacity_providers: tuple[str, ...] = ()
    cluster: str | None = None
    include: frozenset[str] = frozenset()


def create_capacity_provider(ctx: Context, request: CreateCapacityProviderRequest) -> dict[str, object]:
    """Create a capacity provider for an Auto Scaling group."""
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
    provider = request.auto_scaling_group_provider
    if provider is None:
        raise InvalidParameter("autoScalingGroupProvider must be specified.")
    group = provider.auto_scaling_group_arn
    if len(group) > _LONGEST_GROUP or not _GROUP.fullmatch(group):
        raise InvalidParameter("autoScalingGroupArn must be the ARN or the name of an Auto Scaling group.")
    new_provider = CapacityProvider(
        arn=key,
        name=CapacityProviderName(request.name),
        created_at=ctx.now,
        auto_scaling_group=group,
        tags=checked_tags(tag_rules("capacity-provider"), request.tags),
    )
    new_provider = _with_managed_features(new_provider, provider)
    ctx.store.apply([Put(new_provider)])
    return {"capacity_provider": _view(new_provider, with_tags=True)}


def update_capacity_provider(ctx: Context, request: UpdateCapacityProviderRequest) -> dict[str, object]:
    """Change what ECS is to manage of the provider's Auto Scaling group."""
    provider = _with_managed_features(_provider_of(ctx, request.name), request.auto_scaling_group_provider)
    ctx.store.apply([Put(provider)])
    return {"capacity_provider": _view(provider, status="UPDATE_COMPLETE")}


def delete_capacity_provider(ctx: Context, request: DeleteCapacityProviderRequest) -> dict[str, object]:
    """Delete a capacity provider that no cluster uses."""
    name = _name_of(request.capacity_provider)
    if name in FARGATE_PROVIDERS:
        raise ClientException(f"The reserved capacity provider {name} can't be deleted.")
    provider = _provider_of(ctx, request.capacity_provider)
    users = [c.name for c in ctx.store.world.clusters.by("scope", scope_key(ctx.scope)) if name in c.capacity_providers]
    if users:
        raise ClientException(
            f"The capacity provider cannot be deleted because it is associated with cluster: {users[0]}. Remove the"
            " capacity provider from the cluster and try again."
        )
    ctx.store.apply([Delete(CapacityProvider, provider.key)])
    return {"capacity_provider": _view(provider, status="DELETE_COMPLETE") | {"status": "INACTIVE"}}


def describe_capacity_providers(ctx: Context, request: DescribeCapacityProvidersRequest) -> dict[str, object]:
    """Describe capacity providers by name or ARN; by default all."""
    check_described(request.capacity_providers, "capacityProviders", _MAX_DESCRIBED)
    if request.max_results is not None and not 1 <= request.max_results <= _MAX_PAGE:
        raise InvalidParameter(f"maxResults must be between 1 and {_MAX_PAGE}.")
    with_tags = "TAGS" in request.include
    views = {provider.name: _view(provider, with_tags=with_tags) for provider in _of_scope(ctx)}
    views |= {CapacityProviderName(name): _fargate(ctx.scope, name) for name in FARGATE_PROVIDERS}
    if request.cluster is not None:
        of_cluster = active_cluster(ctx, request.cluster).capacity_providers
        views = {name: view for name, view in views.items() if name in of_cluster}
    requested_names = [_name_of(identifier) for identifier in request.capacity_providers]
    names = [name for name in views if not requested_names or name in requested_names]
    listing = ("DescribeCapacityProviders", request.cluster, *request.capacity_providers)
    page = paginate(names, PageQuery(listing, request.next_token, request.max_results, _MAX_PAGE))
    return {
        "capacity_providers": [views[CapacityProviderName(name)] for name in page.keys],
        "failures": [
            {"arn": provider_arn(ctx.scope, name), "reason": "MISSING"} for name in requested_names if name not in views
        ],
        "next_token": page.next_token,
    }


def provider_arn(scope: Scope, identifier: str) -> CapacityProviderArn:
    """The ARN of a capacity provider by its name or ARN."""
    if identifier.startswith("arn:"):
        return CapacityProviderArn(identifier)
    return CapacityProviderArn(arn("ecs", scope, f"capacity-provider/{identifier}"))


def check_providers(ctx: Context, names: Iterable[str]) -> tuple[str, ...]:
    """The names of these providers. Raises InvalidParameter for an unknown one."""
    providers = tuple(_name_of(name) for name in names)
    for name in providers:
        if name not in FARGATE_PROVIDERS and provider_arn(ctx.scope, name) not in ctx.store.world.capacity_providers:
            raise InvalidParameter(
                "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
            )
    return providers


def _provider_of(ctx: Context, identifier: str) -> CapacityProvider:
    provider = ctx.store.world.capacity_providers.get(provider_arn(ctx.scope, identifier))
    if provider is None:
        raise InvalidParameter(
            "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
        )
    return provider


def _of_scope(ctx: Context) -> Iterable[CapacityProvider]:
    return (p for p in ctx.store.world.capacity_providers if scope_of(p.arn) == ctx.scope)


def _name_of(identifier: str) -> CapacityProviderName:
    provider_arn = parse_arn(identifier)
    if provider_arn is None or provider_arn.kind != "capacity-provider" or len(provider_arn.path) != 1:
        return CapacityProviderName(identifier)
    return CapacityProviderName(provider_arn.path[0])


def _with_managed_features(provider: CapacityProvider, update: GroupProviderUpdate) -> CapacityProvider:
    """The provider with what an update sets. Raises InvalidParameter."""
    changes = {
        name: value for name in GroupProviderUpdate.__struct_fields__ if (value := getattr(update, name)) is not None
    }
    changed = replace(provider, **changes)
    if changed.managed_termination_protection == "ENABLED" and changed.managed_scaling.status != "ENABLED":
        raise InvalidParameter(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed"
            " termination protection for a capacity provider, enable managed scaling."
        )
    return changed


def _view(provider: CapacityProvider, *, with_tags: bool = False, status: str | None = None) -> dict[str, object]:
    return {
        "capacity_provider_arn": provider.arn,
        "name": provider.name,
        "status": "ACTIVE",
        "type": "EC2_AUTOSCALING",
        "update_status": status,
        "auto_scaling_group_provider": {
            "auto_scaling_group_arn": provider.auto_scaling_group,
            "managed_scaling": provider.managed_scaling,
            "managed_termination_protection": provider.managed_termination_protection,
            "managed_draining": provider.managed_draining,
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
