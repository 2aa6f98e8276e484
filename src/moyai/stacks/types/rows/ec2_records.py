"""Amazon EC2's resource types of network ACLs, endpoints, flow logs, DHCP options, egress-only gateways and launch
templates.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_EC2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Follow, Properties, Read, Stable
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import as_json, both, id_list, ids, prop
from moyai.stacks.types.tags import ec2_tags

_DHCP_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "DomainName": "domain-name",
        "DomainNameServers": "domain-name-servers",
        "Ipv6AddressPreferredLeaseTime": "ipv6-address-preferred-lease-time",
        "NetbiosNameServers": "netbios-name-servers",
        "NetbiosNodeType": "netbios-node-type",
        "NtpServers": "ntp-servers",
    }
)
"""The keys of DHCP options by property."""


def ec2_record_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``ec2``."""
    yield _network_acl()
    yield _network_acl_entry()
    yield _endpoint()
    yield _flow_log()
    yield _dhcp_options()
    yield _egress_only_gateway()
    yield _launch_template()


def _network_acl() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::NetworkAcl",
        "ec2",
        "CreateNetworkAcl",
        "NetworkAcl.NetworkAclId",
        "DeleteNetworkAcl",
        ids("NetworkAclId"),
        idempotency_member="ClientToken",
        tagging=ec2_tags("network-acl"),
        read=Read("DescribeNetworkAcls", id_list("NetworkAclIds"), "NetworkAcls[0]"),
        attributes={"Id": "NetworkAclId"},
        missing=frozenset({"InvalidNetworkAclID.NotFound"}),
    )


def _is_egress(resource: PhysicalResource) -> bool:
    return resource.properties.get("Egress") in (True, "true")


def _entry_key(resource: PhysicalResource) -> Properties:
    """The members that identify an entry."""
    number = resource.properties["RuleNumber"]
    return {
        "NetworkAclId": resource.properties["NetworkAclId"],
        "RuleNumber": number,
        "Egress": _is_egress(resource),
    }


class EntryRead(Read, frozen=True):
    """Finds an entry in its ACL by its number and direction."""

    def find(self, answer: Mapping[str, Any], resource: PhysicalResource) -> Any:  # noqa: ANN401 (a part of an answer)
        """The entry in the answer to DescribeNetworkAcls."""
        entries = (entry for acl in answer["NetworkAcls"] for entry in acl["Entries"])
        number, is_egress = str(resource.properties["RuleNumber"]), _is_egress(resource)
        return next((e for e in entries if str(e["RuleNumber"]) == number and e["Egress"] is is_egress), None)


def _network_acl_entry() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::NetworkAclEntry",
        "ec2",
        "CreateNetworkAclEntry",
        "join('|', [NetworkAclId, to_string(RuleNumber), to_string(Egress || `false`)])",
        "DeleteNetworkAclEntry",
        _entry_key,
        rename={"Icmp": "IcmpTypeCode"},
        arrange=lambda values: {"Egress": False, **values},
        read=EntryRead(
            "DescribeNetworkAcls", lambda resource: {"NetworkAclIds": [resource.properties["NetworkAclId"]]}
        ),
        derive=lambda resource: {"Id": resource.id},
        update="ReplaceNetworkAclEntry",
        update_by=_entry_key,
        missing=frozenset({"InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound"}),
    )


def _endpoint_parts(kind: str) -> Children:
    """The route tables, subnets or security groups of an endpoint."""
    return Children(
        "ModifyVpcEndpoint",
        "ModifyVpcEndpoint",
        lambda resource, part: {"VpcEndpointId": resource.id, f"Add{kind}Ids": [part]},
        remove_input=lambda resource, part: {"VpcEndpointId": resource.id, f"Remove{kind}Ids": [part]},
        at_creation=False,
    )


def _endpoint_policy(resource: PhysicalResource) -> Properties:
    policy = resource.properties["PolicyDocument"]
    change = {"ResetPolicy": True} if policy is None else {"PolicyDocument": as_json(policy)}
    return {"VpcEndpointId": resource.id, **change}


def _endpoint() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::VPCEndpoint",
        "ec2",
        "CreateVpcEndpoint",
        "VpcEndpoint.VpcEndpointId",
        "DeleteVpcEndpoints",
        id_list("VpcEndpointIds"),
        idempotency_member="ClientToken",
        arrange=lambda values: {
            name: as_json(value) if name == "PolicyDocument" else value for name, value in values.items()
        },
        tagging=ec2_tags("vpc-endpoint"),
        follow={
            "PolicyDocument": Follow(
                "ModifyVpcEndpoint", _endpoint_policy, at_creation=False, default=lambda _, __: None
            ),
            "PrivateDnsEnabled": Follow(
                "ModifyVpcEndpoint",
                both(ids("VpcEndpointId"), prop("PrivateDnsEnabled", "PrivateDnsEnabled")),
                at_creation=False,
                default=lambda resource, _: resource.properties.get("VpcEndpointType") == "Interface",
            ),
        },
        children={f"{kind}Ids": _endpoint_parts(kind) for kind in ("RouteTable", "Subnet", "SecurityGroup")},
        read=Read("DescribeVpcEndpoints", id_list("VpcEndpointIds"), "VpcEndpoints[0]"),
        stable=Stable("State", frozenset({"available"}), frozenset({"failed", "rejected"}), "LastError.Message"),
        attributes={"Id": "VpcEndpointId"},
        missing=frozenset({"InvalidVpcEndpointId.NotFound"}),
    )


def _flow_log() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::FlowLog",
        "ec2",
        "CreateFlowLogs",
        "FlowLogIds[0]",
        "DeleteFlowLogs",
        id_list("FlowLogIds"),
        idempotency_member="ClientToken",
        rename={"ResourceId": "ResourceIds"},
        arrange=lambda values: {name: [value] if name == "ResourceId" else value for name, value in values.items()},
        tagging=ec2_tags("vpc-flow-log"),
        read=Read("DescribeFlowLogs", id_list("FlowLogIds"), "FlowLogs[0]"),
        attributes={"Id": "FlowLogId"},
        missing=frozenset({"InvalidFlowLogId.NotFound"}),
    )


def _configurations(values: dict[str, Any]) -> dict[str, Any]:
    """The input with the options in the API's form: a list of keys with values."""
    configurations = [
        {"Key": key, "Values": value if isinstance(value, list) else [str(value)]}
        for name, key in _DHCP_OPTIONS.items()
        if (value := values.get(name)) is not None
    ]
    return {"DhcpConfigurations": configurations}


def _dhcp_options() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::DHCPOptions",
        "ec2",
        "CreateDhcpOptions",
        "DhcpOptions.DhcpOptionsId",
        "DeleteDhcpOptions",
        ids("DhcpOptionsId"),
        arrange=_configurations,
        arranged=frozenset(_DHCP_OPTIONS),
        tagging=ec2_tags("dhcp-options"),
        read=Read("DescribeDhcpOptions", id_list("DhcpOptionsIds"), "DhcpOptions[0]"),
        missing=frozenset({"InvalidDhcpOptionsID.NotFound"}),
    )


def _egress_only_gateway() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::EgressOnlyInternetGateway",
        "ec2",
        "CreateEgressOnlyInternetGateway",
        "EgressOnlyInternetGateway.EgressOnlyInternetGatewayId",
        "DeleteEgressOnlyInternetGateway",
        ids("EgressOnlyInternetGatewayId"),
        idempotency_member="ClientToken",
        tagging=ec2_tags("egress-only-internet-gateway"),
        read=Read(
            "DescribeEgressOnlyInternetGateways",
            id_list("EgressOnlyInternetGatewayIds"),
            "EgressOnlyInternetGateways[0]",
        ),
        attributes={"Id": "EgressOnlyInternetGatewayId"},
        missing=frozenset({"InvalidGatewayID.NotFound"}),
    )


class LaunchTemplateType(StackResourceType, frozen=True):
    """A launch template. Each change creates a version of it; the default version stays the first one."""

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Create a version, at most one in each phase of the stack's operation."""
        del attempted
        token = sha256(f"{context.token} {context.phase}".encode()).hexdigest()
        sent = {name: after[name] for name in ("LaunchTemplateData", "VersionDescription") if name in after}
        yield Call(self.service, str(self.update), {**self.by_id(resource), **sent, "ClientToken": token})
        return (yield from self.describe(PhysicalResource(resource.id, after)))


def _launch_template() -> StackResourceType:
    return LaunchTemplateType(
        "AWS::EC2::LaunchTemplate",
        "ec2",
        "CreateLaunchTemplate",
        "LaunchTemplate.LaunchTemplateId",
        "DeleteLaunchTemplate",
        ids("LaunchTemplateId"),
        name_property="LaunchTemplateName",
        longest_name=128,
        idempotency_member="ClientToken",
        read=Read("DescribeLaunchTemplates", id_list("LaunchTemplateIds"), "LaunchTemplates[0]"),
        update="CreateLaunchTemplateVersion",
        missing=frozenset({"InvalidLaunchTemplateId.NotFound"}),
    )
