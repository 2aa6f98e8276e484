"""Custom attributes of container instances: put, delete, list.

Promise: at most ten custom attributes an instance; those that say what the instance is can't be changed.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAttributes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.attribute_rules import AttributeAsked, checked_attributes
from moyai.api.ecs.instance_lookup import find_instance
from moyai.api.ecs.lookup import active_cluster
from moyai.api.ecs.paging import Ask, page
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import Attribute, ContainerInstance
from moyai.domain.ecs.errors import AttributeLimitExceeded, InvalidParameter, TargetNotFound
from moyai.domain.world import Put, World
from moyai.kernel.ids import ContainerInstanceArn

_MAX_CUSTOM = 10
_MAX_ASKED = 10
_BUILT_IN = ("ecs.", "com.amazonaws.ecs.")


class PutAttributesRequest(msgspec.Struct, frozen=True):
    """Input of PutAttributes."""

    attributes: tuple[AttributeAsked, ...]
    cluster: str | None = None


class DeleteAttributesRequest(msgspec.Struct, frozen=True):
    """Input of DeleteAttributes."""

    attributes: tuple[AttributeAsked, ...]
    cluster: str | None = None


class ListAttributesRequest(msgspec.Struct, frozen=True):
    """Input of ListAttributes."""

    target_type: str
    cluster: str | None = None
    attribute_name: str | None = None
    attribute_value: str | None = None
    next_token: str | None = None
    max_results: int | None = None


def put_attributes(ctx: Context, request: PutAttributesRequest) -> dict[str, object]:
    """Add attributes, or replace the values of those there are."""
    cluster = active_cluster(ctx, request.cluster)
    _check(request.attributes)
    named = checked_attributes(request.attributes)
    changed: dict[ContainerInstanceArn, ContainerInstance] = {}
    for asked, attribute in zip(request.attributes, named, strict=True):
        target = _target(ctx.store.world, cluster, asked)
        instance = changed.get(target.arn, target)
        others = tuple(a for a in instance.attributes if a.name != attribute.name)
        changed[target.arn] = replace(instance, attributes=_in_order((*others, attribute)))
    for instance in changed.values():
        if sum(not a.name.startswith(_BUILT_IN) for a in instance.attributes) > _MAX_CUSTOM:
            raise AttributeLimitExceeded(f"A container instance can have at most {_MAX_CUSTOM} custom attributes.")
    _keep(ctx, changed.values())
    return {"attributes": _echo(ctx.store.world, cluster, request.attributes)}


def delete_attributes(ctx: Context, request: DeleteAttributesRequest) -> dict[str, object]:
    """Remove attributes by name; absent ones are none to remove."""
    cluster = active_cluster(ctx, request.cluster)
    _check(request.attributes)
    changed: dict[ContainerInstanceArn, ContainerInstance] = {}
    for asked in request.attributes:
        target = _target(ctx.store.world, cluster, asked)
        instance = changed.get(target.arn, target)
        left = tuple(a for a in instance.attributes if a.name != asked.name)
        changed[target.arn] = replace(instance, attributes=left)
    _keep(ctx, changed.values())
    return {"attributes": _echo(ctx.store.world, cluster, request.attributes)}


def list_attributes(ctx: Context, request: ListAttributesRequest) -> dict[str, object]:
    """Attributes of the cluster's instances, each with the ARN of its instance."""
    cluster = active_cluster(ctx, request.cluster)
    name, value = request.attribute_name, request.attribute_value
    if value is not None and name is None:
        raise InvalidParameter("attributeValue is of an attribute. Give its attributeName.")
    found = {
        f"{instance.arn} {attribute.name}": {**msgspec.structs.asdict(attribute), **_of(instance.arn)}
        for instance in ctx.store.world.container_instances.by("cluster", cluster.arn)
        for attribute in instance.attributes
        if not instance.gone and name in {None, attribute.name} and value in {None, attribute.value}
    }
    ask = Ask(("ListAttributes", cluster.arn, name, value), request.next_token, request.max_results)
    listed = page(found, ask)
    return {"attributes": [found[key] for key in listed.keys], "next_token": listed.next_token}


def _check(asked: Sequence[AttributeAsked]) -> None:
    if not 1 <= len(asked) <= _MAX_ASKED:
        raise InvalidParameter(f"attributes has 1 to {_MAX_ASKED} items.")
    for one in asked:
        if one.target_id is None:
            raise InvalidParameter(f"The attribute {one.name} has no targetId. Give a container instance.")
        if one.name.startswith(_BUILT_IN):
            raise InvalidParameter(f"The attribute {one.name} says what the instance is, and can't be changed.")


def _target(world: World, cluster: Cluster, asked: AttributeAsked) -> ContainerInstance:
    instance = find_instance(world, cluster, asked.target_id or "")
    if instance is None or instance.gone:
        raise TargetNotFound("The specified target wasn't found.")
    return instance


def _keep(ctx: Context, changed: Iterable[ContainerInstance]) -> None:
    table = ctx.store.world.container_instances
    changes = [Put(replace(i, version=i.version + 1)) for i in changed if i != table.get(i.arn)]
    if changes:
        ctx.store.apply(changes)


def _in_order(attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    return tuple(sorted(attributes, key=lambda a: a.name))


def _echo(world: World, cluster: Cluster, asked: Sequence[AttributeAsked]) -> list[dict[str, object]]:
    return [{"name": one.name, "value": one.value, **_of(_target(world, cluster, one).arn)} for one in asked]


def _of(instance: ContainerInstanceArn) -> dict[str, object]:
    return {"target_type": "container-instance", "target_id": instance}
