"""Reads requests of ECS, Cloud Map and Elastic Load Balancing from a Terraform plan in JSON.

Promise: an argument becomes the member of AWS's API that the provider sets with it. Arguments that no member has are
skipped. An argument that is known only after the apply is ``unknown``.
Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from botocore.model import ListShape, Shape, StructureShape

from moyai.cli.analyze.documents import is_bounded
from moyai.cli.analyze.requests import DocumentRequest, known_part
from moyai.cli.analyze.terraform_references import referenced_definition
from moyai.domain.ecs.service import DAEMON

Arguments: TypeAlias = dict[str, Any]
InputShape: TypeAlias = Callable[[str, str], StructureShape]
_UNKNOWN: Final = object()
_IMPLEMENTED: Final = re.compile(
    "aws_(?:(?:ecs|service_discovery|appmesh|lb|alb|ecr|efs|appautoscaling|cloudwatch|ssm_parameter|secretsmanager|acm"
    "|acmpca|ram|scheduler|route53|cloudformation|vpc|subnet|internet_gateway|nat_gateway|eip|route|route_table"
    "|main_route_table|security_group|network_acl|network_interface|default|flow_log|egress_only_internet_gateway)(?:_.*)?)"
)
"""Types whose service moyai implements; docs/guide/terraform.md lists them."""


class _ResourceKind(NamedTuple):
    """The operation that creates a type of resource; ``arrange`` puts arguments where the operation has them."""

    service: str
    operation: str
    arrange: Callable[[Arguments], Arguments]


def plan_requests(file: str, plan: Mapping[str, Any], input_shape: InputShape) -> Iterator[DocumentRequest]:
    """A request for each resource of the plan whose type is known here."""
    unknown_arguments = {
        change["address"]: change.get("change", {}).get("after_unknown", {})
        for change in _objects(plan.get("resource_changes"))
        if isinstance(change.get("address"), str) and isinstance(change.get("change"), dict)
    }
    planned = plan["planned_values"]
    for resource in _resources(planned.get("root_module")):
        kind = _kinds().get(str(resource.get("type")))
        values, address = resource.get("values"), str(resource.get("address"))
        if kind is None or resource.get("mode") != "managed" or not isinstance(values, dict):
            continue
        arranged = kind.arrange(_with_unknown(values, unknown_arguments.get(address)))
        unknown: set[str] = set()
        members = _members(arranged, input_shape(kind.service, kind.operation))
        known = known_part(members, lambda value: value is _UNKNOWN, unknown)
        definition = referenced_definition(plan, address) if resource["type"] == "aws_ecs_service" else ""
        yield DocumentRequest(file, address, kind.service, kind.operation, known, frozenset(unknown), definition)


def delegated_types(plan: Mapping[str, Any]) -> list[str]:
    """The types of the plan's resources whose service moyai does not implement."""
    planned = plan["planned_values"]
    types = {str(resource.get("type")) for resource in _resources(planned.get("root_module"))}
    return sorted(name for name in types if name.startswith("aws_") and not _IMPLEMENTED.fullmatch(name))


def _resources(module: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(module, dict):
        yield from _objects(module.get("resources"))
        for child in _objects(module.get("child_modules")):
            yield from _resources(child)


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _with_unknown(value: Any, unknown: Any) -> Any:  # noqa: ANN401 (JSON)
    """The value with ``_UNKNOWN`` in each place where ``unknown`` is true."""
    if unknown is True:
        return _UNKNOWN
    if isinstance(value, dict) and isinstance(unknown, dict):
        return {name: _with_unknown(value.get(name), unknown.get(name)) for name in {**value, **unknown}}
    if isinstance(value, list) and isinstance(unknown, list):
        marks = [*unknown, *[None] * len(value)]
        return [_with_unknown(each, mark) for each, mark in zip(value, marks, strict=False)]
    return value


def _members(arguments: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    """The arguments that are members of the structure, with the members' names."""
    names = {name.lower(): name for name in shape.members}
    members = {}
    for argument, value in arguments.items():
        key = argument.replace("_", "").lower()
        name = next((names[each] for each in (key, f"{key}s", f"{key}es", f"{key}config") if each in names), None)
        if name is not None and value not in (None, "", [], {}):
            members[name] = _member(value, shape.members[name])
    return members


def _member(value: Any, shape: Shape) -> Any:  # noqa: ANN401 (JSON)
    content = value[0] if isinstance(shape, StructureShape) and isinstance(value, list) and value else value
    match shape:
        case StructureShape() if isinstance(content, dict):
            content = _members(content, shape)
        case ListShape(member=StructureShape() as element) if isinstance(content, dict):
            content = _pairs(content, element)
        case ListShape() if isinstance(content, list):
            content = [_member(each, shape.member) for each in content]
        case _ if isinstance(content, bool) and {"ENABLED", "DISABLED"} <= set(getattr(shape, "enum", ())):
            content = "ENABLED" if content else "DISABLED"
    return content


def _pairs(value: Mapping[str, Any], element: StructureShape) -> list[Any]:
    """The list for an object: pairs of key, or name, and value where AWS has a list of those; else the object alone."""
    names = {name.lower(): name for name in element.members}
    key = names.get("key") or names.get("name")
    if key is None or set(names) != {key.lower(), "value"}:
        return [_members(value, element)]
    return [{key: name, names["value"]: each} for name, each in value.items()]


def _block(arguments: Arguments, name: str) -> Any:  # noqa: ANN401 (JSON)
    """Remove a block that occurs at most once from the arguments, and return it; an empty object if it is absent."""
    blocks = arguments.pop(name, None)
    block = blocks[0] if isinstance(blocks, list) and blocks else blocks
    return block or {}


def _service(arguments: Arguments) -> Arguments:
    values = dict(arguments)
    settings = _block(values, "deployment_configuration")
    deployment = dict(settings) if isinstance(settings, dict) else {}
    for name in ("deployment_maximum_percent", "deployment_minimum_healthy_percent"):
        deployment[name.removeprefix("deployment_")] = values.pop(name, None)
    deployment["alarms"] = values.pop("alarms", None)
    deployment["deployment_circuit_breaker"] = values.pop("deployment_circuit_breaker", None)
    network = _block(values, "network_configuration")
    if values.get("desired_count") is None and values.get("scheduling_strategy") != DAEMON:
        values["desired_count"] = 0  # as the provider sends it
    return {
        **values,
        "service_name": values.get("name"),
        "role": values.get("iam_role"),
        "placement_strategy": values.get("ordered_placement_strategy"),
        "network_configuration": {"awsvpc_configuration": network} if network else None,
        "deployment_configuration": deployment,
    }


def _task_definition(arguments: Arguments) -> Arguments:
    values = dict(arguments)
    containers = values.get("container_definitions")
    if isinstance(containers, str):
        values["container_definitions"] = _decode(containers)
    values["volumes"] = [_volume(volume) for volume in _objects(values.pop("volume", None))]
    return values


def _decode(text: str) -> object:
    """The value of a JSON text; the text itself, if it is no JSON or nested too deeply."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if is_bounded(value) else text


def _volume(volume: Arguments) -> Arguments:
    path = volume.get("host_path")
    return {
        **volume,
        "host": {"source_path": path} if path else None,
        "configured_at_launch": volume.get("configure_at_launch"),
    }


def _load_balancer(arguments: Arguments) -> Arguments:
    scheme = "internal" if arguments.get("internal") is True else None
    return {**arguments, "scheme": scheme, "type": arguments.get("load_balancer_type")}


def _target_group(arguments: Arguments) -> Arguments:
    values = dict(arguments)
    check = _block(values, "health_check")
    if not isinstance(check, dict):
        return values
    matcher = check.get("matcher")
    return {
        **values,
        **{f"health_check_{name}": check.get(name) for name in ("enabled", "path", "port", "protocol")},
        "health_check_interval_seconds": check.get("interval"),
        "health_check_timeout_seconds": check.get("timeout"),
        "healthy_threshold_count": check.get("healthy_threshold"),
        "unhealthy_threshold_count": check.get("unhealthy_threshold"),
        "matcher": {"http_code": matcher} if matcher else None,
    }


def _listener(arguments: Arguments) -> Arguments:
    certificate = arguments.get("certificate_arn")
    return {
        **arguments,
        "certificates": [{"certificate_arn": certificate}] if certificate else None,
        "default_action": [_action(each) for each in _objects(arguments.get("default_action"))],
    }


def _rule(arguments: Arguments) -> Arguments:
    return {
        **arguments,
        "action": [_action(each) for each in _objects(arguments.get("action"))],
        "condition": [_condition(each) for each in _objects(arguments.get("condition"))],
    }


def _action(action: Arguments) -> Arguments:
    values = dict(action)
    forward = _block(values, "forward")
    if isinstance(forward, dict) and forward:
        groups = [
            {"target_group_arn": group.get("arn"), "weight": group.get("weight")}
            for group in _objects(forward.get("target_group"))
        ]
        sticky = _block(dict(forward), "stickiness")
        if isinstance(sticky, dict) and sticky:
            sticky = {"enabled": sticky.get("enabled"), "duration_seconds": sticky.get("duration")}
        values["forward_config"] = {"target_groups": groups, "target_group_stickiness_config": sticky}
    return values


def _condition(condition: Arguments) -> Arguments:
    """The condition with its field in AWS's form, which the provider derives from the block that is set."""
    field = next((name for name, block in condition.items() if block), "")
    return {**condition, "field": field.replace("_", "-")}


def _cluster(arguments: Arguments) -> Arguments:
    return {**arguments, "cluster_name": arguments.get("name")}


def _kinds() -> Mapping[str, _ResourceKind]:
    balancer = _ResourceKind("elbv2", "CreateLoadBalancer", _load_balancer)
    group = _ResourceKind("elbv2", "CreateTargetGroup", _target_group)
    listener = _ResourceKind("elbv2", "CreateListener", _listener)
    rule = _ResourceKind("elbv2", "CreateRule", _rule)
    balancing = {"": balancer, "_target_group": group, "_listener": listener, "_listener_rule": rule}
    return MappingProxyType(
        {
            "aws_ecs_cluster": _ResourceKind("ecs", "CreateCluster", _cluster),
            "aws_ecs_task_definition": _ResourceKind("ecs", "RegisterTaskDefinition", _task_definition),
            "aws_ecs_service": _ResourceKind("ecs", "CreateService", _service),
            "aws_service_discovery_http_namespace": _ResourceKind("servicediscovery", "CreateHttpNamespace", dict),
            "aws_service_discovery_private_dns_namespace": _ResourceKind(
                "servicediscovery", "CreatePrivateDnsNamespace", dict
            ),
            "aws_service_discovery_service": _ResourceKind("servicediscovery", "CreateService", dict),
            **{f"aws_{name}{end}": kind for name in ("lb", "alb") for end, kind in balancing.items()},
        }
    )
