"""Elastic Load Balancing's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ElasticLoadBalancingV2.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.domain.elb.attributes import (
    default_texts,
    listener_attributes,
    load_balancer_attributes,
    target_group_attributes,
)
from moyai.domain.elb.load_balancer import LoadBalancerType
from moyai.domain.elb.rule import ListenerProtocol
from moyai.domain.elb.target_group import TargetProtocol
from moyai.stacks.types.calls import Children, Follow, Input, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, id_list, ids, prop
from moyai.stacks.types.tags import arn_tags

_LONGEST_NAME: Final = 32
_TAGGING: Final = arn_tags(id_list("ResourceArns"), "AddTags", "RemoveTags")
_SERVICE: Final = "elbv2"
_BALANCER: Final = ids("LoadBalancerArn")
AttributeDefaults: TypeAlias = Callable[[Properties], Mapping[str, str]]
"""The defaults of a resource's attributes by key, from its properties."""


def elbv2_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``elbv2``."""
    yield _load_balancer()
    yield _target_group()
    yield _listener()
    yield _listener_rule()
    yield _listener_certificate()


def _attributes(operation: str, by_id: Input, name: str, defaults: AttributeDefaults) -> Follow:
    """The call for the attributes in the property ``name``. Attributes that it has no longer get their defaults."""

    def complete(resource: PhysicalResource, former: Sequence[Any]) -> list[Any]:
        wanted = resource.properties.get(name, [])
        keys = {each["Key"] for each in wanted}
        texts = defaults(resource.properties)
        absent = sorted({each["Key"] for attributes in former for each in attributes} - keys)
        return [*wanted, *({"Key": key, "Value": texts[key]} for key in absent if key in texts)]

    return Follow(operation, both(by_id, prop("Attributes", name)), complete=complete)


def _balancer_defaults(properties: Properties) -> Mapping[str, str]:
    return default_texts(load_balancer_attributes(properties.get("Type") or LoadBalancerType.APPLICATION))


def _listener_defaults(properties: Properties) -> Mapping[str, str]:
    return default_texts(listener_attributes(properties.get("Protocol") or ListenerProtocol.HTTP))


def _group_defaults(properties: Properties) -> Mapping[str, str]:
    protocol = TargetProtocol(properties.get("Protocol") or TargetProtocol.HTTP)
    return default_texts(target_group_attributes(protocol, properties.get("ProtocolVersion")))


def _set(operation: str, name: str) -> Follow:
    members = both(ids("LoadBalancerArn"), prop(name, name))
    default = always("ipv4") if name == "IpAddressType" else None
    return Follow(operation, members, at_creation=False, default=default)


def _load_balancer() -> StackResourceType:
    return StackResourceType(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        _SERVICE,
        "CreateLoadBalancer",
        "LoadBalancers[0].LoadBalancerArn",
        "DeleteLoadBalancer",
        _BALANCER,
        name_property="Name",
        longest_name=_LONGEST_NAME,
        tagging=_TAGGING,
        follow={
            "LoadBalancerAttributes": _attributes(
                "ModifyLoadBalancerAttributes", _BALANCER, "LoadBalancerAttributes", _balancer_defaults
            ),
            "SecurityGroups": _set("SetSecurityGroups", "SecurityGroups"),
            "Subnets": _set("SetSubnets", "Subnets"),
            "SubnetMappings": _set("SetSubnets", "SubnetMappings"),
            "IpAddressType": _set("SetIpAddressType", "IpAddressType"),
        },
        read=Read("DescribeLoadBalancers", id_list("LoadBalancerArns"), "LoadBalancers[0]"),
        stable=Stable("State.Code", frozenset({"active", "active_impaired"}), frozenset({"failed"}), "State.Reason"),
        derive=lambda resource: {"LoadBalancerFullName": resource.id.partition("loadbalancer/")[2]},
        missing=frozenset({"LoadBalancerNotFound"}),
    )


def _target_group() -> StackResourceType:
    return StackResourceType(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        _SERVICE,
        "CreateTargetGroup",
        "TargetGroups[0].TargetGroupArn",
        "DeleteTargetGroup",
        ids("TargetGroupArn"),
        name_property="Name",
        longest_name=_LONGEST_NAME,
        tagging=_TAGGING,
        follow={
            "TargetGroupAttributes": _attributes(
                "ModifyTargetGroupAttributes", ids("TargetGroupArn"), "TargetGroupAttributes", _group_defaults
            )
        },
        children={
            "Targets": Children(
                "RegisterTargets",
                "DeregisterTargets",
                lambda resource, target: {"TargetGroupArn": resource.id, "Targets": [target]},
            )
        },
        read=Read("DescribeTargetGroups", id_list("TargetGroupArns"), "TargetGroups[0]"),
        derive=lambda resource: {"TargetGroupFullName": "targetgroup/" + resource.id.partition("targetgroup/")[2]},
        update="ModifyTargetGroup",
        missing=frozenset({"TargetGroupNotFound"}),
    )


def _listener() -> StackResourceType:
    return StackResourceType(
        "AWS::ElasticLoadBalancingV2::Listener",
        _SERVICE,
        "CreateListener",
        "Listeners[0].ListenerArn",
        "DeleteListener",
        ids("ListenerArn"),
        tagging=_TAGGING,
        follow={
            "ListenerAttributes": _attributes(
                "ModifyListenerAttributes", ids("ListenerArn"), "ListenerAttributes", _listener_defaults
            )
        },
        read=Read("DescribeListeners", id_list("ListenerArns"), "Listeners[0]"),
        update="ModifyListener",
        missing=frozenset({"ListenerNotFound"}),
    )


def _listener_rule() -> StackResourceType:
    return StackResourceType(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        _SERVICE,
        "CreateRule",
        "Rules[0].RuleArn",
        "DeleteRule",
        ids("RuleArn"),
        tagging=_TAGGING,
        follow={
            "Priority": Follow(
                "SetRulePriorities",
                lambda resource: {
                    "RulePriorities": [{"RuleArn": resource.id, "Priority": resource.properties["Priority"]}]
                },
                at_creation=False,
            )
        },
        read=Read("DescribeRules", id_list("RuleArns"), "Rules[0]"),
        update="ModifyRule",
        missing=frozenset({"RuleNotFound"}),
    )


def _listener_certificate() -> StackResourceType:
    return StackResourceType(
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        _SERVICE,
        "AddListenerCertificates",
        "ListenerArn",
        "RemoveListenerCertificates",
        both(prop("ListenerArn", "ListenerArn"), prop("Certificates", "Certificates")),
        missing=frozenset({"ListenerNotFound"}),
    )
