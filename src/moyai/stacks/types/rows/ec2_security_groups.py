"""Amazon EC2's resource types of security groups and their rules.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_EC2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.stacks.types.calls import Children, Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, id_list, ids, prop
from moyai.stacks.types.tags import ec2_tags

_ANYWHERE: Final = MappingProxyType({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"})
"""The rule for outgoing traffic that EC2 gives a new security group."""
_PEERS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "CidrIp": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
        "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
        "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
        "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
)
"""The properties for a rule's peer, each with the list in a permission, and the member of its element, that it sets."""


def ec2_security_group_rows() -> Iterator[StackResourceType]:
    """The rows of security groups."""
    yield _security_group()
    for direction in ("Ingress", "Egress"):
        yield StackResourceType(
            f"AWS::EC2::SecurityGroup{direction}",
            "ec2",
            f"AuthorizeSecurityGroup{direction}",
            "SecurityGroupRules[0].SecurityGroupRuleId",
            f"RevokeSecurityGroup{direction}",
            both(prop("GroupId", "GroupId"), id_list("SecurityGroupRuleIds")),
            arrange=lambda values: {"GroupId": values["GroupId"], "IpPermissions": [_permission(values)]},
            arranged=frozenset({"Description", *_PEERS}),
            undo=True,
            read=Read("DescribeSecurityGroupRules", id_list("SecurityGroupRuleIds"), "SecurityGroupRules[0]"),
            derive=lambda resource: {"Id": resource.id},
            missing=frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"}),
        )


def _security_group() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::SecurityGroup",
        "ec2",
        "CreateSecurityGroup",
        "GroupId",
        "DeleteSecurityGroup",
        ids("GroupId"),
        name_property="GroupName",
        unique_within=frozenset({"VpcId"}),
        read_repeated=Read(
            "DescribeSecurityGroups",
            lambda resource: {"Filters": [{"Name": "group-name", "Values": [resource.properties["GroupName"]]}]},
            "SecurityGroups[0]",
        ),
        rename={"GroupDescription": "Description"},
        tagging=ec2_tags("security-group"),
        children={
            "SecurityGroupIngress": _rules("Ingress"),
            "SecurityGroupEgress": _rules("Egress", _ANYWHERE),
        },
        read=Read("DescribeSecurityGroups", id_list("GroupIds"), "SecurityGroups[0]"),
        attributes={"Id": "GroupId"},
        missing=frozenset({"InvalidGroup.NotFound", "InvalidGroupId.NotFound"}),
    )


def _rules(direction: str, *initial: Mapping[str, Any]) -> Children:
    return Children(
        f"AuthorizeSecurityGroup{direction}",
        f"RevokeSecurityGroup{direction}",
        lambda resource, rule: {"GroupId": resource.id, "IpPermissions": [_permission(rule)]},
        initial,
        frozenset({"InvalidPermission.Duplicate"}),
        frozenset({"InvalidPermission.NotFound"}),
    )


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The permission of EC2's API for a rule of a template, in which the peer is nested one level deeper."""
    permission = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
    description = {"Description": rule["Description"]} if "Description" in rule else {}
    for name, (peers, member) in _PEERS.items():
        if name in rule:
            permission[peers] = [{member: rule[name], **description}]
    return permission
