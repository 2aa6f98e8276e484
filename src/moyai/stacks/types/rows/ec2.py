"""Amazon EC2's resource types: VPCs, their subnets, gateways and routes.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_EC2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Follow, Input, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, id_list, ids, prop
from moyai.stacks.types.tags import ec2_tags

_DESTINATIONS: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
"""The properties for a route's destination."""


def ec2_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``ec2``."""
    yield from _vpc_rows()
    yield from _gateway_rows()
    yield from _route_rows()


def _vpc_rows() -> Iterator[StackResourceType]:
    yield _vpc()
    yield _subnet()


def _gateway_rows() -> Iterator[StackResourceType]:
    yield _internet_gateway()
    yield _vpcgateway_attachment()
    yield _elastic_address()
    yield _nat_gateway()


def _route_rows() -> Iterator[StackResourceType]:
    yield _route_table()
    yield _route_row()


def _vpc_attribute(name: str) -> Follow:
    members = both(ids("VpcId"), prop(name, name, lambda value: {"Value": value}))
    return Follow("ModifyVpcAttribute", members, default=always(value=name == "EnableDnsSupport"))


def _of_vpc(filter_name: str, value: str) -> Input:
    return lambda resource: {
        "Filters": [{"Name": "vpc-id", "Values": [resource.id]}, {"Name": filter_name, "Values": [value]}]
    }


def _route(resource: PhysicalResource) -> Properties:
    names = ("RouteTableId", *_DESTINATIONS)
    return {name: resource.properties[name] for name in names if name in resource.properties}


class RouteRead(Read, frozen=True):
    """Finds a route in its table by its destination, which EC2 returns with the host bits zero."""

    def find(self, answer: Mapping[str, Any], resource: PhysicalResource) -> Any:  # noqa: ANN401 (a part of an answer)
        """The route in the answer to DescribeRouteTables."""
        wanted = _canonical(resource.id.partition("|")[2])
        routes = (route for table in answer["RouteTables"] for route in table["Routes"])
        return next((r for r in routes if any(_canonical(str(r.get(name))) == wanted for name in _DESTINATIONS)), None)


def _canonical(destination: str) -> str:
    try:
        return str(ip_network(destination, strict=False))
    except ValueError:
        return destination  # a prefix list


def _vpc() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::VPC",
        "ec2",
        "CreateVpc",
        "Vpc.VpcId",
        "DeleteVpc",
        ids("VpcId"),
        tagging=ec2_tags("vpc"),
        follow={
            "EnableDnsSupport": _vpc_attribute("EnableDnsSupport"),
            "EnableDnsHostnames": _vpc_attribute("EnableDnsHostnames"),
        },
        read=Read("DescribeVpcs", id_list("VpcIds"), "Vpcs[0]"),
        stable=Stable("State", frozenset({"available"})),
        attributes={
            "CidrBlockAssociations": "CidrBlockAssociationSet[].AssociationId",
            "Ipv6CidrBlocks": "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock",
        },
        lookups={
            "DefaultSecurityGroup": Read(
                "DescribeSecurityGroups", _of_vpc("group-name", "default"), "SecurityGroups[0].GroupId"
            ),
            "DefaultNetworkAcl": Read("DescribeNetworkAcls", _of_vpc("default", "true"), "NetworkAcls[0].NetworkAclId"),
        },
        missing=frozenset({"InvalidVpcID.NotFound"}),
    )


def _subnet() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::Subnet",
        "ec2",
        "CreateSubnet",
        "Subnet.SubnetId",
        "DeleteSubnet",
        ids("SubnetId"),
        tagging=ec2_tags("subnet"),
        follow={
            name: Follow(
                "ModifySubnetAttribute",
                both(ids("SubnetId"), prop(name, name, lambda value: {"Value": value})),
                default=always(value=False),
            )
            for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64")
        },
        read_repeated=Read(
            "DescribeSubnets",
            lambda resource: {"Filters": [{"Name": "vpc-id", "Values": [resource.properties["VpcId"]]}]},
            "{Subnet: Subnets[?CidrBlock=='$CidrBlock'] | [0]}",
        ),
        read=Read("DescribeSubnets", id_list("SubnetIds"), "Subnets[0]"),
        attributes={"Ipv6CidrBlocks": "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock"},
        missing=frozenset({"InvalidSubnetID.NotFound"}),
    )


def _internet_gateway() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::InternetGateway",
        "ec2",
        "CreateInternetGateway",
        "InternetGateway.InternetGatewayId",
        "DeleteInternetGateway",
        ids("InternetGatewayId"),
        tagging=ec2_tags("internet-gateway"),
        read=Read("DescribeInternetGateways", id_list("InternetGatewayIds"), "InternetGateways[0]"),
        missing=frozenset({"InvalidInternetGatewayID.NotFound"}),
    )


def _vpcgateway_attachment() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::VPCGatewayAttachment",
        "ec2",
        "AttachInternetGateway",
        "join('|', ['IGW', VpcId])",
        "DetachInternetGateway",
        both(prop("VpcId", "VpcId"), prop("InternetGatewayId", "InternetGatewayId")),
        read=Read(
            "DescribeInternetGateways",
            lambda resource: {"InternetGatewayIds": [resource.properties["InternetGatewayId"]]},
            "InternetGateways[0].Attachments[?VpcId=='$VpcId'] | [0]",
        ),
        derive=lambda _: {"AttachmentType": "IGW"},
        missing=frozenset({"Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"}),
    )


def _elastic_address() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::EIP",
        "ec2",
        "AllocateAddress",
        "PublicIp",
        "ReleaseAddress",
        lambda resource: {"AllocationId": resource.attributes["AllocationId"]},
        tagging=ec2_tags("elastic-ip", "AllocationId"),
        read=Read("DescribeAddresses", id_list("PublicIps"), "Addresses[0]"),
        missing=frozenset({"InvalidAllocationID.NotFound"}),
    )


def _nat_gateway() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::NatGateway",
        "ec2",
        "CreateNatGateway",
        "NatGateway.NatGatewayId",
        "DeleteNatGateway",
        ids("NatGatewayId"),
        idempotency_member="ClientToken",
        tagging=ec2_tags("natgateway"),
        read=Read("DescribeNatGateways", id_list("NatGatewayIds"), "NatGateways[0]"),
        stable=Stable("State", frozenset({"available"}), frozenset({"failed", "deleted"}), "FailureMessage"),
        gone=Stable("State", frozenset({"deleted"})),
        missing=frozenset({"NatGatewayNotFound"}),
    )


def _route_table() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::RouteTable",
        "ec2",
        "CreateRouteTable",
        "RouteTable.RouteTableId",
        "DeleteRouteTable",
        ids("RouteTableId"),
        tagging=ec2_tags("route-table"),
        read=Read("DescribeRouteTables", id_list("RouteTableIds"), "RouteTables[0]"),
        missing=frozenset({"InvalidRouteTableID.NotFound"}),
    )


def _route_row() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::Route",
        "ec2",
        "CreateRoute",
        "join('|', [RouteTableId, DestinationCidrBlock || DestinationIpv6CidrBlock || DestinationPrefixListId])",
        "DeleteRoute",
        _route,
        read=RouteRead(
            "DescribeRouteTables", lambda resource: {"RouteTableIds": [resource.properties["RouteTableId"]]}
        ),
        update="ReplaceRoute",
        derive=lambda resource: {"CidrBlock": resource.id.partition("|")[2]},
        missing=frozenset({"InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"}),
    )
