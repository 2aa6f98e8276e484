"""The attributes of load balancers, listeners and target groups.

Promise: Describe operations return every attribute that AWS has for the resource; Modify operations change all of a
request's attributes or none. An attribute without an effect here is accepted with the value that moyai has anyway.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyLoadBalancerAttributes.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.attribute_rules import check_together
from moyai.api.elbv2.lookup import LISTENER, LOAD_BALANCER, TARGET_GROUP, ElbKind, resource_of
from moyai.api.operation import Context
from moyai.domain.elb.attributes import AnyAttribute, attribute_values, attributes_of
from moyai.domain.elb.errors import InvalidConfigurationRequest
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener
from moyai.domain.elb.target_group import TargetGroup
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

R = TypeVar("R", LoadBalancer, Listener, TargetGroup)


class AttributeRequest(msgspec.Struct, frozen=True):
    key: str | None = None
    value: str | None = None


class ModifyLoadBalancerAttributesRequest(msgspec.Struct, frozen=True):
    load_balancer_arn: str
    attributes: tuple[AttributeRequest, ...]


class ModifyListenerAttributesRequest(msgspec.Struct, frozen=True):
    listener_arn: str
    attributes: tuple[AttributeRequest, ...]


class ModifyTargetGroupAttributesRequest(msgspec.Struct, frozen=True):
    target_group_arn: str
    attributes: tuple[AttributeRequest, ...]


class DescribeLoadBalancerAttributesRequest(msgspec.Struct, frozen=True):
    load_balancer_arn: str


class DescribeListenerAttributesRequest(msgspec.Struct, frozen=True):
    listener_arn: str


class DescribeTargetGroupAttributesRequest(msgspec.Struct, frozen=True):
    target_group_arn: str


def modify_load_balancer_attributes(ctx: Context, request: ModifyLoadBalancerAttributesRequest) -> dict[str, object]:
    """Set attributes of a load balancer."""
    return _modify(ctx, LOAD_BALANCER, request.load_balancer_arn, request.attributes)


def modify_listener_attributes(ctx: Context, request: ModifyListenerAttributesRequest) -> dict[str, object]:
    """Set attributes of a listener."""
    return _modify(ctx, LISTENER, request.listener_arn, request.attributes)


def modify_target_group_attributes(ctx: Context, request: ModifyTargetGroupAttributesRequest) -> dict[str, object]:
    """Set attributes of a target group."""
    return _modify(ctx, TARGET_GROUP, request.target_group_arn, request.attributes)


def describe_load_balancer_attributes(
    ctx: Context, request: DescribeLoadBalancerAttributesRequest
) -> dict[str, object]:
    """All attributes of a load balancer."""
    return _attribute_list(resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn))


def describe_listener_attributes(ctx: Context, request: DescribeListenerAttributesRequest) -> dict[str, object]:
    """All attributes of a listener."""
    return _attribute_list(resource_of(ctx, LISTENER, request.listener_arn))


def describe_target_group_attributes(ctx: Context, request: DescribeTargetGroupAttributesRequest) -> dict[str, object]:
    """All attributes of a target group."""
    return _attribute_list(resource_of(ctx, TARGET_GROUP, request.target_group_arn))


def _modify(ctx: Context, kind: ElbKind[R], arn: str, requests: Sequence[AttributeRequest]) -> dict[str, object]:
    record = resource_of(ctx, kind, arn)
    possible = {attribute.key: attribute for attribute in attributes_of(record)}
    values = dict(record.attributes)
    for request in requests:
        key, value = request.key or "", request.value or ""
        attribute = possible.get(key)
        if attribute is None:
            raise InvalidInput(
                f"{kind.noun.capitalize()} attribute key '{key}' is not recognized for {_kind_of(record)}"
            )
        _check(kind, attribute, record, value)
        values[key] = value
    changed = replace(record, attributes=values)
    check_together(changed)
    ctx.store.apply([Put(changed)])
    return _attribute_list(changed)


def _check(kind: ElbKind[R], attribute: AnyAttribute, record: R, value: str) -> None:
    """Raises InvalidInput for an impossible value, and InvalidConfigurationRequest for one without an effect here."""
    subject = f"{kind.noun.capitalize()} attribute value '{value[:100]}' of '{attribute.key}'"
    try:
        attribute.values.read(value)
    except ValueError as error:
        raise InvalidInput(f"{subject} is not valid: {error}") from None
    if refusal := attribute.refusal_of(record, value):
        raise InvalidConfigurationRequest(f"{subject} is not supported by moyai: {refusal}")


def _kind_of(record: LoadBalancer | Listener | TargetGroup) -> str:
    """The kind of a record in an error: all records of one kind have the same attributes."""
    if isinstance(record, LoadBalancer):
        return f"load balancers of the type '{record.type}'"
    noun = "listeners" if isinstance(record, Listener) else "target groups"
    return f"{noun} with the protocol '{record.protocol}'"


def _attribute_list(record: LoadBalancer | Listener | TargetGroup) -> dict[str, object]:
    return {"attributes": [{"key": key, "value": value} for key, value in attribute_values(record).items()]}
