"""Amazon EC2's operations, as the door is given them.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from moyai.api.ec2 import (
    acls,
    addresses,
    gateways,
    group_rule_view,
    group_rules,
    groups,
    interfaces,
    ipv6_ranges,
    nat,
    peerings,
    route_tables,
    routes,
    subnets,
    tags,
    vpcs,
    zones,
)
from moyai.api.ec2.change import ChangeRequest
from moyai.api.ec2.group_rules import one_way
from moyai.api.ec2.refused import REFUSED
from moyai.api.ec2.select import PagedRequest
from moyai.api.operation import Operation, Service, table
from moyai.domain.vpc.errors import InvalidParameterValue, MissingParameter


def _vpcs() -> Iterator[Operation[Any]]:
    yield Operation("CreateVpc", vpcs.CreateVpcRequest, vpcs.create_vpc)
    yield Operation("CreateDefaultVpc", ChangeRequest, vpcs.create_default_vpc)
    yield Operation("DescribeVpcs", vpcs.DescribeVpcsRequest, vpcs.describe_vpcs)
    yield Operation("DeleteVpc", vpcs.DeleteVpcRequest, vpcs.delete_vpc)
    yield Operation("ModifyVpcAttribute", vpcs.ModifyVpcAttributeRequest, vpcs.modify_vpc_attribute)
    yield Operation("DescribeVpcAttribute", vpcs.DescribeVpcAttributeRequest, vpcs.describe_vpc_attribute)
    yield Operation("CreateSubnet", subnets.CreateSubnetRequest, subnets.create_subnet)
    yield Operation("DescribeSubnets", subnets.DescribeSubnetsRequest, subnets.describe_subnets)
    yield Operation("DeleteSubnet", subnets.DeleteSubnetRequest, subnets.delete_subnet)
    yield Operation("ModifySubnetAttribute", subnets.ModifySubnetAttributeRequest, subnets.modify_subnet_attribute)
    taken = ipv6_ranges.DisassociateRequest
    yield Operation("AssociateVpcCidrBlock", ipv6_ranges.AssociateVpcRequest, ipv6_ranges.associate_with_vpc)
    yield Operation("DisassociateVpcCidrBlock", taken, ipv6_ranges.disassociate_from_vpc)
    yield Operation("AssociateSubnetCidrBlock", ipv6_ranges.AssociateSubnetRequest, ipv6_ranges.associate_with_subnet)
    yield Operation("DisassociateSubnetCidrBlock", taken, ipv6_ranges.disassociate_from_subnet)
    given = zones.DescribeAvailabilityZonesRequest
    yield Operation("DescribeAvailabilityZones", given, zones.describe_availability_zones)
    yield Operation("DescribeNetworkAcls", acls.DescribeNetworkAclsRequest, acls.describe_network_acls)
    asked = interfaces.DescribeNetworkInterfacesRequest
    yield Operation("DescribeNetworkInterfaces", asked, interfaces.describe_network_interfaces)


def _groups() -> Iterator[Operation[Any]]:
    yield Operation("CreateSecurityGroup", groups.CreateSecurityGroupRequest, groups.create_security_group)
    yield Operation("DescribeSecurityGroups", groups.DescribeSecurityGroupsRequest, groups.describe_security_groups)
    yield Operation("DeleteSecurityGroup", groups.DeleteSecurityGroupRequest, groups.delete_security_group)


def _rules() -> Iterator[Operation[Any]]:
    yield Operation("DescribeSecurityGroupRules", group_rule_view.DescribeRulesRequest, group_rule_view.describe_rules)
    yield Operation("ModifySecurityGroupRules", group_rules.ModifyRulesRequest, group_rules.modify_rules)
    authorize, revoke, describe = group_rules.authorize, group_rules.revoke, group_rules.describe_anew
    for way, egress in (("Ingress", False), ("Egress", True)):
        adding = group_rules.AuthorizeRequest if egress else group_rules.AuthorizeIngressRequest
        taking = group_rules.RevokeRequest if egress else group_rules.RevokeIngressRequest
        saying = group_rules.DescribeAnewRequest
        yield Operation(f"AuthorizeSecurityGroup{way}", adding, one_way(authorize, egress=egress))
        yield Operation(f"RevokeSecurityGroup{way}", taking, one_way(revoke, egress=egress))
        yield Operation(f"UpdateSecurityGroupRuleDescriptions{way}", saying, one_way(describe, egress=egress))


def _peerings() -> Iterator[Operation[Any]]:
    asked = peerings.CreateVpcPeeringConnectionRequest
    yield Operation("CreateVpcPeeringConnection", asked, peerings.create_peering)
    yield Operation("AcceptVpcPeeringConnection", peerings.PeeringRequest, peerings.accept_peering)
    yield Operation("RejectVpcPeeringConnection", peerings.PeeringRequest, peerings.reject_peering)
    yield Operation("DeleteVpcPeeringConnection", peerings.PeeringRequest, peerings.delete_peering)
    listed = peerings.DescribeVpcPeeringConnectionsRequest
    yield Operation("DescribeVpcPeeringConnections", listed, peerings.describe_peerings)


def _routes() -> Iterator[Operation[Any]]:
    yield Operation("CreateRouteTable", route_tables.CreateRouteTableRequest, route_tables.create_route_table)
    yield Operation("DescribeRouteTables", route_tables.DescribeRouteTablesRequest, route_tables.describe_route_tables)
    yield Operation("DeleteRouteTable", route_tables.RouteTableRequest, route_tables.delete_route_table)
    yield Operation("AssociateRouteTable", route_tables.AssociateRouteTableRequest, route_tables.associate)
    yield Operation("DisassociateRouteTable", route_tables.DisassociateRouteTableRequest, route_tables.disassociate)
    moved = route_tables.ReplaceRouteTableAssociationRequest
    yield Operation("ReplaceRouteTableAssociation", moved, route_tables.replace_association)
    yield Operation("CreateRoute", routes.RouteRequest, routes.create_route)
    yield Operation("ReplaceRoute", routes.RouteRequest, routes.replace_route)
    yield Operation("DeleteRoute", routes.DeleteRouteRequest, routes.delete_route)


def _gateways() -> Iterator[Operation[Any]]:
    yield Operation("CreateInternetGateway", gateways.CreateInternetGatewayRequest, gateways.create_internet_gateway)
    listed = gateways.DescribeInternetGatewaysRequest
    yield Operation("DescribeInternetGateways", listed, gateways.describe_internet_gateways)
    yield Operation("AttachInternetGateway", gateways.AttachmentRequest, gateways.attach)
    yield Operation("DetachInternetGateway", gateways.AttachmentRequest, gateways.detach)
    yield Operation("DeleteInternetGateway", gateways.InternetGatewayRequest, gateways.delete_internet_gateway)
    yield Operation("CreateNatGateway", nat.CreateNatGatewayRequest, nat.create_nat_gateway)
    yield Operation("DescribeNatGateways", nat.DescribeNatGatewaysRequest, nat.describe_nat_gateways)
    yield Operation("DeleteNatGateway", nat.NatGatewayRequest, nat.delete_nat_gateway)


def _addresses() -> Iterator[Operation[Any]]:
    yield Operation("AllocateAddress", addresses.AllocateAddressRequest, addresses.allocate_address)
    yield Operation("ReleaseAddress", addresses.ReleaseAddressRequest, addresses.release_address)
    yield Operation("DescribeAddresses", addresses.DescribeAddressesRequest, addresses.describe_addresses)
    asked = addresses.DescribeAddressesAttributeRequest
    yield Operation("DescribeAddressesAttribute", asked, addresses.describe_addresses_attribute)


def _tags() -> Iterator[Operation[Any]]:
    yield Operation("CreateTags", tags.CreateTagsRequest, tags.create_tags)
    yield Operation("DeleteTags", tags.DeleteTagsRequest, tags.delete_tags)
    yield Operation("DescribeTags", PagedRequest, tags.describe_tags)


EC2: Final = Service(
    name="ec2",
    input_fault=InvalidParameterValue,
    missing_fault=MissingParameter,
    refused=REFUSED,
    operations=table(
        (*_vpcs(), *_groups(), *_rules(), *_peerings(), *_routes(), *_gateways(), *_addresses(), *_tags())
    ),
)
