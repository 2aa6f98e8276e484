"""Custom attributes of container instances: put, delete, list.

Promise: an instance has at most ten custom attributes; attributes that describe the instance itself cannot change.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAttributes.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attribute.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.lookup import active_cluster, find_instance
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import Attribute, ContainerInstance
from moyai.domain.ecs.errors import AttributeLimitExceeded, InvalidParameter, TargetNotFound
from moyai.domain.world import Put, World
from moyai.kernel.ids import ContainerInstanceArn

_MAX_CUSTOM = 10
_MAX_IN_REQUEST = 10
_MAX_ATTRIBUTES = 500
_BUILT_IN = ("ecs.", "com.amazonaws.ecs.")
_NAME = re.compile(r"[A-Za-z0-9_./\\-]{1,128}")
_VALUE = re.compile(r"(?! )[A-Za-z0-9_.@/\\: -]{1,128}(?<! )")


class AttributeRequest(msgspec.Struct, frozen=True):
    """An attribute and its target in a request."""

    name: str
    value: str | None = None
    target_type: str = "container-instance"
    target_id: str | None = None


class PutAttributesRequest(msgspec.Struct, frozen=True):
    attributes: tuple[AttributeRequest, ...]
    cluster: str | None = None


class DeleteAttributesRequest(msgspec.Struct, frozen=True):
    attributes: tuple[AttributeRequest, ...]
    cluster: str | None = None


class ListAttributesRequest(PageRequest, frozen=True):
    target_type: str
    cluster: str | None = None
    attribute_name: str | None = None
    attribute_value: str | None = None


def put_attributes(ctx: Context, request: PutAttributesRequest) -> dict[str, object]:
    """Add attributes, or replace their values."""
    cluster = active_cluster(ctx, request.cluster)
    _check(request.attributes)
    attributes = checked_attributes(request.attributes)
    changed_instances: dict[ContainerInstanceArn, ContainerInstance] = {}
    for requested, attribute in zip(request.attributes, attributes, strict=True):
        target = _target(ctx.store.world, cluster, requested)
        instance = changed_instances.get(target.arn, target)
        others = tuple(a for a in instance.attributes if a.name != attribute.name)
        changed_instances[target.arn] = replace(instance, attributes=_by_name((*others, attribute)))
    for instance in changed_instances.values():
        if sum(not a.name.startswith(_BUILT_IN) for a in instance.attributes) > _MAX_CUSTOM:
            raise AttributeLimitExceeded(f"A container instance can have at most {_MAX_CUSTOM} custom attributes.")
    _save(ctx, changed_instances.values())
    return {"attributes": _request_view(ctx.store.world, cluster, request.attributes)}


def delete_attributes(ctx: Context, request: DeleteAttributesRequest) -> dict[str, object]:
    """Remove attributes by name; absent ones are ignored."""
    cluster = active_cluster(ctx, request.cluster)
    _check(request.attributes)
    changed_instances: dict[ContainerInstanceArn, ContainerInstance] = {}
    for attribute in request.attributes:
        target = _target(ctx.store.world, cluster, attribute)
        instance = changed_instances.get(target.arn, target)
        others = tuple(a for a in instance.attributes if a.name != attribute.name)
        changed_instances[target.arn] = replace(instance, attributes=others)
    _save(ctx, changed_instances.values())
    return {"attributes": _request_view(ctx.store.world, cluster, request.attributes)}


def list_attributes(ctx: Context, request: ListAttributesRequest) -> dict[str, object]:
    """Attributes of the cluster's instances, each with the ARN of its instance."""
    cluster = active_cluster(ctx, request.cluster)
    name, value = request.attribute_name, request.attribute_value
    if value is not None and name is None:
        raise InvalidParameter("attributeValue needs an attributeName.")
    attributes = {
        f"{instance.arn} {attribute.name}": {**msgspec.structs.asdict(attribute), **_target_view(instance.arn)}
        for instance in ctx.store.world.container_instances.by("cluster", cluster.arn)
        for attribute in instance.attributes
        if not instance.gone and name in {None, attribute.name} and value in {None, attribute.value}
    }
    query = PageQuery(("ListAttributes", cluster.arn, name, value), request.next_token, request.max_results)
    page = paginate(attributes, query)
    return {"attributes": [attributes[key] for key in page.keys], "next_token": page.next_token}


def _check(attributes: Sequence[AttributeRequest]) -> None:
    if not 1 <= len(attributes) <= _MAX_IN_REQUEST:
        raise InvalidParameter(f"attributes has 1 to {_MAX_IN_REQUEST} items.")
    for attribute in attributes:
        if attribute.target_id is None:
            raise InvalidParameter(f"The attribute {attribute.name} has no targetId. Give a container instance.")
        if attribute.name.startswith(_BUILT_IN):
            raise InvalidParameter(
                f"The attribute {attribute.name} describes the instance itself, and can't be changed."
            )


def _target(world: World, cluster: Cluster, attribute: AttributeRequest) -> ContainerInstance:
    instance = find_instance(world, cluster, attribute.target_id or "")
    if instance is None or instance.gone:
        raise TargetNotFound("The specified target wasn't found.")
    return instance


def _save(ctx: Context, changed: Iterable[ContainerInstance]) -> None:
    table = ctx.store.world.container_instances
    changes = [Put(replace(i, version=i.version + 1)) for i in changed if i != table.get(i.arn)]
    if changes:
        ctx.store.apply(changes)


def _by_name(attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    return tuple(sorted(attributes, key=lambda a: a.name))


def _request_view(world: World, cluster: Cluster, attributes: Sequence[AttributeRequest]) -> list[dict[str, object]]:
    return [{"name": a.name, "value": a.value, **_target_view(_target(world, cluster, a).arn)} for a in attributes]


def _target_view(instance: ContainerInstanceArn) -> dict[str, object]:
    return {"target_type": "container-instance", "target_id": instance}


def checked_attributes(requested: Iterable[AttributeRequest]) -> tuple[Attribute, ...]:
    """The attributes without their targets. Raises InvalidParameter."""
    attributes = tuple(Attribute(a.name, a.value or None) for a in requested)
    if len(attributes) > _MAX_ATTRIBUTES:
        raise InvalidParameter(f"An instance has at most {_MAX_ATTRIBUTES} attributes.")
    for attribute in attributes:
        if not _NAME.fullmatch(attribute.name):
            raise InvalidParameter(
                f"The attribute name {attribute.name!r} is not 1 to 128 letters, digits and any of - _ . / and"
                " backslashes."
            )
        if attribute.value is not None and not _VALUE.fullmatch(attribute.value):
            raise InvalidParameter(
                f"The value of the attribute {attribute.name} is not 1 to 128 letters, digits and any of - _ . @ / :"
                " backslashes and, in between, spaces."
            )
    return attributes
