"""Elastic Load Balancing's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ElasticLoadBalancingV2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.stacks.types.calls import Children, Follow, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, id_list, ids, prop
from moyai.stacks.types.tags import arn_tags

_LONGEST_NAME: Final = 32
_TAGGING: Final = arn_tags(id_list("ResourceArns"), "AddTags", "RemoveTags")
_SERVICE: Final = "elbv2"
_BALANCER: Final = ids("LoadBalancerArn")


def elbv2_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``elbv2``."""
    yield _load_balancer()
    yield _target_group()
    yield _listener()
    yield _listener_rule()
    yield _listener_certificate()


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
        drawn="Name",
        longest_name=_LONGEST_NAME,
        tagging=_TAGGING,
        follow={
            "LoadBalancerAttributes": Follow(
                "ModifyLoadBalancerAttributes", both(_BALANCER, prop("Attributes", "LoadBalancerAttributes"))
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
        drawn="Name",
        longest_name=_LONGEST_NAME,
        tagging=_TAGGING,
        follow={
            "TargetGroupAttributes": Follow(
                "ModifyTargetGroupAttributes", both(ids("TargetGroupArn"), prop("Attributes", "TargetGroupAttributes"))
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
            "ListenerAttributes": Follow(
                "ModifyListenerAttributes", both(ids("ListenerArn"), prop("Attributes", "ListenerAttributes"))
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
