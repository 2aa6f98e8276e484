"""Peerings, route tables and gateways, as their SDK and the tools on top of it see them."""

from __future__ import annotations

import pytest

from moyai.domain.vpc.default import default_vpc
from moyai.kernel.clock import later
from moyai.testing.world import SCOPE
from tests.contract.api.asking import ANYWHERE, OTHER_ACCOUNT, code, filters_of, pair, tag_specification, tcp

OWN = default_vpc(SCOPE)

WEEK = 7 * 24 * 3600


def request_peering(ec2, one, other, **more):
    vpc_peering_connection = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other, **more)[
        "VpcPeeringConnection"
    ]
    return vpc_peering_connection["VpcPeeringConnectionId"]


def status(ec2, peering) -> str:
    [vpc_peering_connection] = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[peering])[
        "VpcPeeringConnections"
    ]
    return str(vpc_peering_connection["Status"]["Code"])


def test_two_vpcs_of_an_account_are_peered(ec2, net):
    other = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    vpc_peering_connection = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    peering = vpc_peering_connection["VpcPeeringConnectionId"]
    assert vpc_peering_connection["Status"]["Code"] == "initiating-request"
    assert status(ec2, peering) == "pending-acceptance"
    assert code(ec2.create_vpc_peering_connection, VpcId=other, PeerVpcId=net.vpc) == (
        "VpcPeeringConnectionAlreadyExists"
    )
    [table] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    route = {
        "RouteTableId": table["RouteTableId"],
        "DestinationCidrBlock": "10.2.0.0/16",
        "VpcPeeringConnectionId": peering,
    }
    assert code(ec2.create_route, **route) == "InvalidStateTransition"
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert status(ec2, peering) == "active"
    assert code(ec2.reject_vpc_peering_connection, VpcPeeringConnectionId=peering) == "InvalidStateTransition"
    ec2.create_route(**route)
    assert code(ec2.delete_vpc, VpcId=other) == "DependencyViolation"
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert status(ec2, peering) == "deleted"
    [table] = ec2.describe_route_tables(Filters=filters_of(("route.vpc-peering-connection-id", peering)))["RouteTables"]
    assert table["Routes"][1]["State"] == "blackhole"
    ec2.delete_vpc(VpcId=other)


def test_accounts_peer_and_only_the_other_one_accepts(installation, ec2, net):
    other = installation.client("ec2", key=OTHER_ACCOUNT)
    theirs = other.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    peering = request_peering(ec2, net.vpc, theirs, PeerOwnerId=OTHER_ACCOUNT, PeerRegion="us-east-1")
    assert code(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=peering) == "OperationNotPermitted"
    [vpc_peering_connection] = other.describe_vpc_peering_connections(
        Filters=filters_of(("status-code", "pending-acceptance"))
    )["VpcPeeringConnections"]
    assert (
        vpc_peering_connection["RequesterVpcInfo"]["OwnerId"],
        vpc_peering_connection["AccepterVpcInfo"]["VpcId"],
    ) == (SCOPE.account, theirs)
    for client, name in ((ec2, "here"), (other, "there")):
        client.create_tags(Resources=[peering], Tags=[{"Key": "Name", "Value": name}])
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    for client, name in ((ec2, "here"), (other, "there")):
        [first_vpc_peering_connection] = client.describe_vpc_peering_connections(
            Filters=filters_of(("tag:Name", name))
        )["VpcPeeringConnections"]
        assert first_vpc_peering_connection["Tags"] == [{"Key": "Name", "Value": name}]
    foreign = other.create_security_group(VpcId=theirs, GroupName="callers", Description="callers")["GroupId"]
    allowed = [tcp(80, **pair(foreign, UserId=OTHER_ACCOUNT))]
    ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=allowed)
    other.delete_security_group(GroupId=foreign)
    other.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert (
        code(ec2.authorize_security_group_ingress, GroupId=net.group, IpPermissions=allowed) == "InvalidGroup.NotFound"
    )
    ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=allowed)
    third = installation.client("ec2", key="444455556666")
    assert third.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
    assert code(third.delete_vpc_peering_connection, VpcPeeringConnectionId=peering) == (
        "InvalidVpcPeeringConnectionID.NotFound"
    )


def test_each_side_of_an_active_peering_has_its_options(installation, ec2, net):
    other = installation.client("ec2", key=OTHER_ACCOUNT)
    theirs = other.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    peering = request_peering(ec2, net.vpc, theirs, PeerOwnerId=OTHER_ACCOUNT)
    resolves, options = {"AllowDnsResolutionFromRemoteVpc": True}, ec2.modify_vpc_peering_connection_options
    of_requester = {"VpcPeeringConnectionId": peering, "RequesterPeeringConnectionOptions": resolves}
    of_accepter = {"VpcPeeringConnectionId": peering, "AccepterPeeringConnectionOptions": resolves}
    assert code(options, **of_requester) == "OperationNotPermitted", "it is not active"
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert code(options, **of_accepter) == "OperationNotPermitted", "it is another account's side"
    assert code(options, VpcPeeringConnectionId=peering) == "MissingParameter"
    assert options(**of_requester)["RequesterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    [described] = other.describe_vpc_peering_connections()["VpcPeeringConnections"]
    sides = ("RequesterVpcInfo", "AccepterVpcInfo")
    shown = [described[side]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] for side in sides]
    assert shown == [True, False]


def test_no_virtual_private_gateway_propagates_routes(ec2, net):
    [table] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    members = {"RouteTableId": table["RouteTableId"], "GatewayId": "vgw-0123456789abcdef0"}
    for operation in (ec2.enable_vgw_route_propagation, ec2.disable_vgw_route_propagation):
        assert code(operation, **members) == "InvalidVpnGatewayID.NotFound"
        assert code(operation, **members, DryRun=True) == "InvalidVpnGatewayID.NotFound"


def test_an_address_has_a_name_in_the_reverse_dns(ec2):
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    renamed = ec2.modify_address_attribute(AllocationId=allocation, DomainName="mail.Shop.test")["Address"]
    [described] = ec2.describe_addresses_attribute(Attribute="domain-name", AllocationIds=[allocation])["Addresses"]
    assert renamed["PtrRecord"] == described["PtrRecord"] == "mail.shop.test."
    assert code(ec2.modify_address_attribute, AllocationId=allocation, DomainName="a..b") == "InvalidParameterValue"
    for members in ({}, {"DomainName": "other.shop.test"}):
        assert code(ec2.modify_address_attribute, AllocationId=allocation, DryRun=True, **members) == "DryRunOperation"
    assert ec2.modify_address_attribute(AllocationId=allocation)["Address"] == described
    ec2.reset_address_attribute(AllocationId=allocation, Attribute="domain-name")
    [described] = ec2.describe_addresses_attribute(Attribute="domain-name", AllocationIds=[allocation])["Addresses"]
    assert "PtrRecord" not in described


def test_a_peering_request_is_rejected_or_expires(installation, ec2, net):
    others = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (2, 3)]
    rejected, lapsed = (request_peering(ec2, net.vpc, other) for other in others)
    ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=rejected)
    assert status(ec2, rejected) == "rejected"
    installation.clock.turn_to(later(installation.now, WEEK))
    assert status(ec2, lapsed) == "expired"
    assert code(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=lapsed) == "InvalidStateTransition"
    assert code(ec2.describe_vpc_peering_connections, VpcPeeringConnectionIds=[rejected]) == (
        "InvalidVpcPeeringConnectionID.NotFound"
    )


def test_overlapping_ranges_and_unknown_vpcs_of_others_fail(installation, ec2, net):
    overlapping = ec2.create_vpc(CidrBlock="10.1.128.0/20")["Vpc"]["VpcId"]
    vpc_peering_connection = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=overlapping)[
        "VpcPeeringConnection"
    ]
    assert vpc_peering_connection["Status"]["Code"] == "failed"
    failed_peering = request_peering(ec2, net.vpc, "vpc-0", PeerOwnerId=OTHER_ACCOUNT)
    assert status(ec2, failed_peering) == "failed"
    for wrong in ({"PeerOwnerId": "12345678901\u0661"}, {"PeerRegion": "eu west"}):
        assert code(ec2.create_vpc_peering_connection, VpcId=net.vpc, PeerVpcId="vpc-0", **wrong) == (
            "InvalidParameterValue"
        )
    installation.clock.turn_to(later(installation.now, 3 * 3600))
    assert ec2.describe_vpc_peering_connections()["VpcPeeringConnections"] == []


def test_a_subnet_uses_its_associated_route_table(ec2, net):
    table = ec2.create_route_table(VpcId=net.vpc, TagSpecifications=tag_specification("route-table", Name="t"))[
        "RouteTable"
    ]
    identity = table["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=identity, SubnetId=net.subnet)["AssociationId"]
    assert ec2.associate_route_table(RouteTableId=identity, SubnetId=net.subnet)["AssociationId"] == association
    [route_table] = ec2.describe_route_tables(Filters=filters_of(("association.subnet-id", net.subnet)))["RouteTables"]
    assert (route_table["RouteTableId"], route_table["Associations"][0]["Main"]) == (identity, False)
    other = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    assert code(ec2.associate_route_table, RouteTableId=other, SubnetId=net.subnet) == "Resource.AlreadyAssociated"
    assert code(ec2.delete_route_table, RouteTableId=identity) == "DependencyViolation"
    new_association_id = ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)[
        "NewAssociationId"
    ]
    ec2.delete_route_table(RouteTableId=identity)
    ec2.disassociate_route_table(AssociationId=new_association_id)
    assert code(ec2.disassociate_route_table, AssociationId=new_association_id) == "InvalidAssociationID.NotFound"


def test_the_main_route_table_can_be_replaced(ec2, net):
    [main] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    [association] = main["Associations"]
    other = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    ec2.replace_route_table_association(AssociationId=association["RouteTableAssociationId"], RouteTableId=other)
    inside = filters_of(("vpc-id", net.vpc), ("association.main", "true"))
    [now] = ec2.describe_route_tables(Filters=inside)["RouteTables"]
    assert now["RouteTableId"] == other
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    assert code(ec2.delete_route_table, RouteTableId=other) == "DependencyViolation"


def test_a_repeated_request_creates_one_resource(ec2, net):
    one, two = (ec2.create_route_table(VpcId=net.vpc, ClientToken="t")["RouteTable"] for _ in range(2))
    assert one == two
    other = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    assert code(ec2.create_route_table, VpcId=other, ClientToken="t") == "IdempotentParameterMismatch"


def test_a_public_and_a_private_subnet_as_a_tool_makes_them(ec2, net):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    [main] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    to_gateway = {"RouteTableId": main["RouteTableId"], "DestinationCidrBlock": ANYWHERE, "GatewayId": gateway}
    assert code(ec2.create_route, **to_gateway) == "Gateway.NotAttached"
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat_request = {"SubnetId": net.subnet, "AllocationId": allocation, "ClientToken": "nat"}
    assert code(ec2.create_nat_gateway, **nat_request) == "Gateway.NotAttached"
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    assert code(ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=net.vpc) == "Resource.AlreadyAssociated"
    ec2.create_route(**to_gateway)
    nat = ec2.create_nat_gateway(**nat_request)["NatGateway"]
    assert ec2.create_nat_gateway(**nat_request)["NatGateway"]["NatGatewayId"] == nat["NatGatewayId"]
    assert (nat["State"], nat["NatGatewayAddresses"][0]["PrivateIp"]) == ("available", "10.1.1.4")
    private = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=private, DestinationCidrBlock=ANYWHERE, NatGatewayId=nat["NatGatewayId"])
    [table] = ec2.describe_route_tables(RouteTableIds=[private])["RouteTables"]
    assert table["Routes"][1]["State"] == "active"

    [address] = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    assert address["PrivateIpAddress"] == "10.1.1.4"
    assert ec2.describe_addresses_attribute(AllocationIds=[allocation], Attribute="domain-name")["Addresses"]
    assert code(ec2.release_address, AllocationId=allocation) == "InvalidIPAddress.InUse"
    assert code(ec2.delete_subnet, SubnetId=net.subnet) == "DependencyViolation"
    detach = {"InternetGatewayId": gateway, "VpcId": net.vpc}
    assert code(ec2.detach_internet_gateway, **detach) == "DependencyViolation"

    ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
    [nat_gateway] = ec2.describe_nat_gateways(Filter=filters_of(("state", "deleted")))["NatGateways"]
    assert nat_gateway["DeleteTime"]
    [table] = ec2.describe_route_tables(RouteTableIds=[private])["RouteTables"]
    assert table["Routes"][1]["State"] == "blackhole"
    ec2.release_address(AllocationId=allocation)
    ec2.delete_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock=ANYWHERE)
    ec2.detach_internet_gateway(**detach)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_route_table(RouteTableId=private)
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_vpc(VpcId=net.vpc)


def test_routes_are_replaced(ec2, net):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    allocation = ec2.allocate_address()["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": ANYWHERE}
    assert code(ec2.replace_route, **route, NatGatewayId=nat) == "InvalidRoute.NotFound"
    for _ in range(2):
        ec2.create_route(**route, GatewayId=gateway)
    assert code(ec2.create_route, **route, NatGatewayId=nat) == "RouteAlreadyExists"
    ec2.replace_route(**route, NatGatewayId=nat)
    [route_table] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    assert route_table["Routes"][1]["NatGatewayId"] == nat


@pytest.mark.parametrize(
    ("destination", "expected"),
    [("10.1.0.0/16", "InvalidParameterValue"), ("10.1.9.0/24", "InvalidParameterValue"), (None, "MissingParameter")],
)
def test_bad_routes(ec2, net, destination, expected):
    [main] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    asked = {} if destination is None else {"DestinationCidrBlock": destination}
    route = {"RouteTableId": main["RouteTableId"], "GatewayId": OWN.internet_gateway.id, **asked}
    assert code(ec2.create_route, **route) == expected
