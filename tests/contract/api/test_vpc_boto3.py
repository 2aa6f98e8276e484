"""VPCs and what is in them, as their SDK and the tools on top of it see them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.testing.world import SCOPE

OWN = default_vpc(SCOPE)
OTHER_ACCOUNT = "111122223333"
ANYWHERE = "0.0.0.0/0"
WEEK = 7 * 24 * 3600


@pytest.fixture
def ec2(rooms):
    return rooms.client("ec2")


@pytest.fixture
def net(ec2):
    """A VPC with a subnet and a group in it."""
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web servers")["GroupId"]
    return SimpleNamespace(vpc=vpc, subnet=subnet, group=group)


@pytest.fixture
def task(rooms):
    """A task in the default VPC."""
    return rooms.store.world.tasks[rooms.builder.run(rooms.builder.definition("web"))]


def by(*filters):
    return [{"Name": name, "Values": list(values)} for name, *values in filters]


def tagged(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def code(call, **params) -> str:
    with pytest.raises(ClientError) as raised:
        call(**params)
    return str(raised.value.response["Error"]["Code"])


def tcp(port, **other):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **other}


def cidr(*ranges):
    return {"IpRanges": [{"CidrIp": one} for one in ranges]}


def pair(group, **more):
    return {"UserIdGroupPairs": [{"GroupId": group, **more}]}


# ------------------------------------------------------------------------------------------------- VPCs and subnets


def test_a_new_vpc_has_what_aws_gives_it(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.1.7/16", TagSpecifications=tagged("vpc", Name="shop"))["Vpc"]
    assert (vpc["CidrBlock"], vpc["State"], vpc["IsDefault"]) == ("10.0.0.0/16", "available", False)
    assert vpc["Tags"] == [{"Key": "Name", "Value": "shop"}]
    inside = by(("vpc-id", vpc["VpcId"]))
    [table] = ec2.describe_route_tables(Filters=[*inside, *by(("association.main", "true"))])["RouteTables"]
    assert [(r["DestinationCidrBlock"], r["GatewayId"]) for r in table["Routes"]] == [("10.0.0.0/16", "local")]
    [group] = ec2.describe_security_groups(Filters=[*inside, *by(("group-name", "default"))])["SecurityGroups"]
    assert group["IpPermissions"][0]["UserIdGroupPairs"] == [{"GroupId": group["GroupId"], "UserId": SCOPE.account}]
    [acl] = ec2.describe_network_acls(Filters=[*inside, *by(("default", "true"))])["NetworkAcls"]
    assert acl["IsDefault"]
    assert ec2.describe_subnets(Filters=inside)["Subnets"] == []
    assert ec2.describe_vpcs(Filters=by(("tag:Name", "shop")))["Vpcs"] == [vpc]
    assert ec2.describe_vpcs(Filters=by(("is-default", "false")))["Vpcs"] == [vpc]


def test_the_attributes_that_tools_read_after_each_change(ec2, net):
    def attribute(name):
        return ec2.describe_vpc_attribute(VpcId=net.vpc, Attribute=name)[name[0].upper() + name[1:]]["Value"]

    assert [attribute("enableDnsSupport"), attribute("enableDnsHostnames")] == [True, False]
    assert attribute("enableNetworkAddressUsageMetrics") is False
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsSupport={"Value": True})
    assert attribute("enableDnsHostnames") is True
    assert code(ec2.modify_vpc_attribute, VpcId=net.vpc, EnableDnsSupport={"Value": False}) == "InvalidParameterValue"
    ec2.modify_subnet_attribute(SubnetId=net.subnet, MapPublicIpOnLaunch={"Value": True})
    [subnet] = ec2.describe_subnets(Filters=by(("map-public-ip-on-launch", "true"), ("vpc-id", net.vpc)))["Subnets"]
    assert subnet["SubnetId"] == net.subnet


def test_subnets_are_in_the_zone_that_is_named(ec2, net):
    made = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.2.0/24", AvailabilityZone="us-east-1c")["Subnet"]
    assert (made["AvailabilityZoneId"], made["AvailableIpAddressCount"]) == ("use1-az3", 251)
    again = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.3.0/24", AvailabilityZoneId="use1-az2")["Subnet"]
    assert (again["AvailabilityZone"], again["DefaultForAz"]) == ("us-east-1b", False)
    assert code(ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.1.4.0/24", AvailabilityZone="mars").startswith("Inv")


def test_what_is_in_use_stays(ec2, net):
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    ec2.delete_subnet(SubnetId=net.subnet)
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_vpc(VpcId=net.vpc)
    assert code(ec2.describe_vpcs, VpcIds=[net.vpc]) == "InvalidVpcID.NotFound"
    assert ec2.describe_route_tables(Filters=by(("vpc-id", net.vpc)))["RouteTables"] == []


def test_a_task_keeps_its_subnet_and_its_group(rooms, ec2, task):
    subnet = task.interface.subnet
    group = ec2.create_security_group(GroupName="web", Description="in the default VPC")["GroupId"]
    with_group = replace(task, interface=replace(task.interface, security_groups=(group,)))
    rooms.store.apply([Put(with_group)])
    assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"
    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    [interface] = ec2.describe_network_interfaces(Filters=by(("group-id", group)))["NetworkInterfaces"]
    assert interface["Groups"] == [{"GroupId": group, "GroupName": "web"}]
    rooms.store.apply([Put(replace(with_group, last_status=TaskStatus.STOPPED))])
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)


def test_the_default_vpc_changes_like_any_other(ec2):
    before = ec2.describe_vpcs()["Vpcs"], ec2.describe_subnets()["Subnets"], ec2.describe_route_tables()["RouteTables"]
    ec2.create_tags(Resources=[OWN.id], Tags=[{"Key": "Name", "Value": "mine"}])
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    assert vpc == {**before[0][0], "Tags": [{"Key": "Name", "Value": "mine"}]}
    assert ec2.describe_subnets()["Subnets"] == before[1]
    assert ec2.describe_route_tables()["RouteTables"] == before[2]
    for subnet in before[1]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.detach_internet_gateway(InternetGatewayId=OWN.internet_gateway.id, VpcId=OWN.id)
    ec2.delete_internet_gateway(InternetGatewayId=OWN.internet_gateway.id)
    ec2.delete_vpc(VpcId=OWN.id)
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert code(ec2.create_security_group, GroupName="x", Description="x") == "MissingParameter"


def test_other_accounts_see_nothing_of_it(rooms, ec2, net):
    other = rooms.client("ec2", key=OTHER_ACCOUNT)
    assert code(other.describe_vpcs, VpcIds=[net.vpc]) == "InvalidVpcID.NotFound"
    assert code(other.delete_subnet, SubnetId=net.subnet) == "InvalidSubnetID.NotFound"
    assert net.group not in [one["GroupId"] for one in other.describe_security_groups()["SecurityGroups"]]


# -------------------------------------------------------------------------------------------------- security groups


def test_rules_come_and_go(ec2, net):
    made = ec2.authorize_security_group_ingress(
        GroupId=net.group,
        IpPermissions=[tcp(80, **cidr("10.1.0.0/16", "10.2.0.0/16")), {"IpProtocol": "-1", **pair(net.group)}],
        TagSpecifications=tagged("security-group-rule", Name="in"),
    )["SecurityGroupRules"]
    assert [rule.get("CidrIpv4") for rule in made] == ["10.1.0.0/16", "10.2.0.0/16", None]
    assert made[2]["ReferencedGroupInfo"] == {"GroupId": net.group, "UserId": SCOPE.account}
    [group] = ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"]
    assert group["IpPermissions"][0] == {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "IpRanges": [{"CidrIp": "10.1.0.0/16"}, {"CidrIp": "10.2.0.0/16"}],
        "UserIdGroupPairs": [],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
    }
    shown = ec2.describe_security_group_rules(Filters=by(("group-id", net.group), ("is-egress", "false")))
    assert [one["SecurityGroupRuleId"] for one in shown["SecurityGroupRules"]] == sorted(
        rule["SecurityGroupRuleId"] for rule in made
    )
    ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(80, **cidr("10.2.0.0/16"))])
    ec2.revoke_security_group_ingress(GroupId=net.group, SecurityGroupRuleIds=[made[2]["SecurityGroupRuleId"]])
    [group] = ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"]
    assert [p["IpRanges"] for p in group["IpPermissions"]] == [[{"CidrIp": "10.1.0.0/16"}]]


def test_a_tool_replaces_the_rule_that_lets_everything_out(ec2, net):
    everything = {"IpProtocol": "-1", **cidr(ANYWHERE)}
    ec2.revoke_security_group_egress(GroupId=net.group, IpPermissions=[everything])
    assert ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"][0]["IpPermissionsEgress"] == []
    ec2.authorize_security_group_egress(
        GroupId=net.group, IpPermissions=[{"IpProtocol": "6", **tcp(443), **cidr("10.0.0.0/8")}]
    )
    [rule] = ec2.describe_security_group_rules(Filters=by(("group-id", net.group)))["SecurityGroupRules"]
    assert (rule["IsEgress"], rule["IpProtocol"], rule["FromPort"]) == (True, "tcp", 443)


def test_a_rule_of_the_requests_own_and_a_group_by_its_name(ec2):
    ec2.create_security_group(GroupName="lb", Description="lb")
    ec2.create_security_group(GroupName="web", Description="web")
    ec2.authorize_security_group_ingress(GroupName="web", IpProtocol="tcp", FromPort=80, ToPort=81, CidrIp=ANYWHERE)
    ec2.authorize_security_group_ingress(GroupName="web", SourceSecurityGroupName="lb")
    [group] = ec2.describe_security_groups(GroupNames=["web"])["SecurityGroups"]
    assert [(p["IpProtocol"], p.get("ToPort")) for p in group["IpPermissions"]] == [("tcp", 81), ("-1", None)]
    assert code(ec2.delete_security_group, GroupName="lb") == "DependencyViolation"
    ec2.delete_security_group(GroupName="web")
    ec2.delete_security_group(GroupName="lb")


def test_rules_are_modified_and_described_anew(ec2, net):
    [rule] = ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(80, **cidr(ANYWHERE))])[
        "SecurityGroupRules"
    ]
    identity = rule["SecurityGroupRuleId"]
    wanted = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "ReferencedGroupId": net.group}
    ec2.modify_security_group_rules(
        GroupId=net.group, SecurityGroupRules=[{"SecurityGroupRuleId": identity, "SecurityGroupRule": wanted}]
    )
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=net.group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": identity, "Description": "names"}]
    )
    [shown] = ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"]
    assert (shown["IpProtocol"], shown["Description"]) == ("udp", "names")
    assert shown["ReferencedGroupInfo"]["GroupId"] == net.group
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=net.group,
        IpPermissions=[{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, **pair(net.group, Description="DNS")}],
    )
    assert (
        ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"][0]["Description"]
        == "DNS"
    )


# --------------------------------------------------------------------------------------------------------- peering


def peered(ec2, one, other, **more):
    made = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other, **more)["VpcPeeringConnection"]
    return made["VpcPeeringConnectionId"]


def status(ec2, peering) -> str:
    [one] = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[peering])["VpcPeeringConnections"]
    return str(one["Status"]["Code"])


def test_two_vpcs_of_an_account_are_peered(ec2, net):
    other = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    peering = made["VpcPeeringConnectionId"]
    assert made["Status"]["Code"] == "initiating-request"
    assert status(ec2, peering) == "pending-acceptance"
    assert code(ec2.create_vpc_peering_connection, VpcId=other, PeerVpcId=net.vpc) == (
        "VpcPeeringConnectionAlreadyExists"
    )
    [table] = ec2.describe_route_tables(Filters=by(("vpc-id", net.vpc)))["RouteTables"]
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
    [table] = ec2.describe_route_tables(Filters=by(("route.vpc-peering-connection-id", peering)))["RouteTables"]
    assert table["Routes"][1]["State"] == "blackhole"
    ec2.delete_vpc(VpcId=other)


def test_accounts_peer_and_only_the_other_one_accepts(rooms, ec2, net):
    other = rooms.client("ec2", key=OTHER_ACCOUNT)
    theirs = other.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    peering = peered(ec2, net.vpc, theirs, PeerOwnerId=OTHER_ACCOUNT, PeerRegion="us-east-1")
    assert code(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=peering) == "OperationNotPermitted"
    [asked] = other.describe_vpc_peering_connections(Filters=by(("status-code", "pending-acceptance")))[
        "VpcPeeringConnections"
    ]
    assert (asked["RequesterVpcInfo"]["OwnerId"], asked["AccepterVpcInfo"]["VpcId"]) == (SCOPE.account, theirs)
    for client, name in ((ec2, "here"), (other, "there")):
        client.create_tags(Resources=[peering], Tags=[{"Key": "Name", "Value": name}])
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    for client, name in ((ec2, "here"), (other, "there")):
        [one] = client.describe_vpc_peering_connections(Filters=by(("tag:Name", name)))["VpcPeeringConnections"]
        assert one["Tags"] == [{"Key": "Name", "Value": name}]
    foreign = other.create_security_group(VpcId=theirs, GroupName="callers", Description="callers")["GroupId"]
    allowed = [tcp(80, **pair(foreign, UserId=OTHER_ACCOUNT))]
    ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=allowed)
    assert code(other.delete_security_group, GroupId=foreign) == "DependencyViolation"
    third = rooms.client("ec2", key="444455556666")
    assert third.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
    assert code(third.delete_vpc_peering_connection, VpcPeeringConnectionId=peering) == (
        "InvalidVpcPeeringConnectionID.NotFound"
    )


def test_a_request_is_rejected_or_lapses(rooms, ec2, net):
    others = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (2, 3)]
    rejected, lapsed = (peered(ec2, net.vpc, other) for other in others)
    ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=rejected)
    assert status(ec2, rejected) == "rejected"
    rooms.clock.turn_to(later(rooms.now, WEEK))
    assert status(ec2, lapsed) == "expired"
    assert code(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=lapsed) == "InvalidStateTransition"
    assert code(ec2.describe_vpc_peering_connections, VpcPeeringConnectionIds=[rejected]) == (
        "InvalidVpcPeeringConnectionID.NotFound"
    )


def test_overlapping_ranges_and_unknown_vpcs_of_others_fail(rooms, ec2, net):
    overlapping = ec2.create_vpc(CidrBlock="10.1.128.0/20")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=overlapping)["VpcPeeringConnection"]
    assert made["Status"]["Code"] == "failed"
    failed = peered(ec2, net.vpc, "vpc-0", PeerOwnerId=OTHER_ACCOUNT)
    assert status(ec2, failed) == "failed"
    rooms.clock.turn_to(later(rooms.now, 3 * 3600))
    assert ec2.describe_vpc_peering_connections()["VpcPeeringConnections"] == []


# ------------------------------------------------------------------------------------------------ routes, gateways


def test_a_subnet_goes_by_a_table_of_its_own(ec2, net):
    table = ec2.create_route_table(VpcId=net.vpc, TagSpecifications=tagged("route-table", Name="t"))["RouteTable"]
    identity = table["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=identity, SubnetId=net.subnet)["AssociationId"]
    assert ec2.associate_route_table(RouteTableId=identity, SubnetId=net.subnet)["AssociationId"] == association
    [found] = ec2.describe_route_tables(Filters=by(("association.subnet-id", net.subnet)))["RouteTables"]
    assert (found["RouteTableId"], found["Associations"][0]["Main"]) == (identity, False)
    other = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    assert code(ec2.associate_route_table, RouteTableId=other, SubnetId=net.subnet) == "Resource.AlreadyAssociated"
    assert code(ec2.delete_route_table, RouteTableId=identity) == "DependencyViolation"
    moved = ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)["NewAssociationId"]
    ec2.delete_route_table(RouteTableId=identity)
    ec2.disassociate_route_table(AssociationId=moved)
    assert code(ec2.disassociate_route_table, AssociationId=moved) == "InvalidAssociationID.NotFound"


def test_another_table_becomes_the_main_one(ec2, net):
    [main] = ec2.describe_route_tables(Filters=by(("vpc-id", net.vpc)))["RouteTables"]
    [association] = main["Associations"]
    other = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    ec2.replace_route_table_association(AssociationId=association["RouteTableAssociationId"], RouteTableId=other)
    inside = by(("vpc-id", net.vpc), ("association.main", "true"))
    [now] = ec2.describe_route_tables(Filters=inside)["RouteTables"]
    assert now["RouteTableId"] == other
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    assert code(ec2.delete_route_table, RouteTableId=other) == "DependencyViolation"


def test_a_request_that_is_repeated_makes_one_thing(ec2, net):
    one, two = (ec2.create_route_table(VpcId=net.vpc, ClientToken="t")["RouteTable"] for _ in range(2))
    assert one == two
    other = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    assert code(ec2.create_route_table, VpcId=other, ClientToken="t") == "IdempotentParameterMismatch"


def test_a_public_and_a_private_subnet_as_a_tool_makes_them(ec2, net):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    [main] = ec2.describe_route_tables(Filters=by(("vpc-id", net.vpc)))["RouteTables"]
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
    [gone] = ec2.describe_nat_gateways(Filter=by(("state", "deleted")))["NatGateways"]
    assert gone["DeleteTime"]
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
    [found] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    assert found["Routes"][1]["NatGatewayId"] == nat


# ------------------------------------------------------------------------------------------------------------ tags


def test_tags_are_put_taken_and_listed(ec2, net):
    [rule] = ec2.describe_security_group_rules(Filters=by(("group-id", net.group)))["SecurityGroupRules"]
    resources = [net.vpc, net.subnet, net.group, rule["SecurityGroupRuleId"]]
    pairs = [{"Key": "Name", "Value": "a"}, {"Key": "env", "Value": "dev"}]
    ec2.create_tags(Resources=resources, Tags=pairs)
    listed = ec2.describe_tags(Filters=by(("key", "Name")))["Tags"]
    assert {(one["ResourceId"], one["ResourceType"]) for one in listed} == {
        (net.vpc, "vpc"),
        (net.subnet, "subnet"),
        (net.group, "security-group"),
        (rule["SecurityGroupRuleId"], "security-group-rule"),
    }
    ec2.delete_tags(Resources=[net.vpc], Tags=[{"Key": "Name", "Value": "b"}, {"Key": "env"}])
    assert ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["Tags"] == [{"Key": "Name", "Value": "a"}]
    ec2.delete_tags(Resources=[net.subnet])
    assert ec2.describe_subnets(SubnetIds=[net.subnet])["Subnets"][0]["Tags"] == []
    assert code(ec2.create_tags, Resources=[net.vpc, "vpc-0"], Tags=pairs) == "InvalidID"
    assert code(ec2.create_tags, Resources=[net.vpc], Tags=[{"Key": "aws:x", "Value": ""}]) == "InvalidParameterValue"


# ----------------------------------------------------------------------------------------------------- bad requests


@pytest.mark.parametrize(
    ("call", "params", "expected"),
    [
        ("create_vpc", {}, "MissingParameter"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/29"}, "InvalidVpc.Range"),
        ("create_vpc", {"CidrBlock": "ten"}, "InvalidParameterValue"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": True}, "InvalidParameterValue"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "dedicated"}, "InvalidParameterValue"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "DryRun": True}, "DryRunOperation"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tagged("subnet")}, "InvalidParameterValue"),
        ("delete_vpc", {"VpcId": "vpc-0"}, "InvalidVpcID.NotFound"),
        ("modify_vpc_attribute", {"VpcId": "{vpc}"}, "InvalidParameterCombination"),
        ("create_subnet", {"VpcId": "vpc-0", "CidrBlock": "10.1.1.0/24"}, "InvalidVpcID.NotFound"),
        ("create_subnet", {"VpcId": "{vpc}"}, "MissingParameter"),
        ("create_subnet", {"VpcId": "{vpc}", "CidrBlock": "10.1.1.128/25"}, "InvalidSubnet.Conflict"),
        ("create_subnet", {"VpcId": "{vpc}", "CidrBlock": "10.2.1.0/24"}, "InvalidSubnet.Range"),
        ("create_subnet", {"VpcId": "{vpc}", "CidrBlock": "10.1.2.0/30"}, "InvalidSubnet.Range"),
        ("delete_subnet", {"SubnetId": "subnet-0"}, "InvalidSubnetID.NotFound"),
        ("delete_subnet", {"SubnetId": "{subnet}", "DryRun": True}, "DryRunOperation"),
        ("create_security_group", {"VpcId": "{vpc}", "GroupName": "web", "Description": "x"}, "InvalidGroup.Duplicate"),
        ("create_security_group", {"GroupName": "default", "Description": "x"}, "InvalidGroup.Reserved"),
        ("create_security_group", {"GroupName": "ok", "Description": "Ünique"}, "InvalidParameterValue"),
        ("create_security_group", {"GroupName": "sg-1", "Description": "x"}, "InvalidParameterValue"),
        ("delete_security_group", {"GroupId": "sg-0"}, "InvalidGroup.NotFound"),
        ("delete_security_group", {}, "MissingParameter"),
        ("delete_security_group", {"GroupId": OWN.security_groups[0].id}, "CannotDelete"),
        (
            "accept_vpc_peering_connection",
            {"VpcPeeringConnectionId": "pcx-0"},
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
        ("create_vpc_peering_connection", {"VpcId": "{vpc}", "PeerVpcId": "vpc-0"}, "InvalidVpcID.NotFound"),
        ("create_vpc_peering_connection", {"VpcId": "{vpc}"}, "MissingParameter"),
        ("delete_route_table", {"RouteTableId": "rtb-0"}, "InvalidRouteTableID.NotFound"),
        (
            "attach_internet_gateway",
            {"InternetGatewayId": "igw-0", "VpcId": "{vpc}"},
            "InvalidInternetGatewayID.NotFound",
        ),
        ("delete_internet_gateway", {"InternetGatewayId": OWN.internet_gateway.id}, "DependencyViolation"),
        ("delete_nat_gateway", {"NatGatewayId": "nat-0"}, "NatGatewayNotFound"),
        ("create_nat_gateway", {"SubnetId": "{subnet}", "ConnectivityType": "private"}, "InvalidParameterValue"),
        ("create_nat_gateway", {"SubnetId": "{subnet}", "AllocationId": "eipalloc-0"}, "InvalidAllocationID.NotFound"),
        ("release_address", {"PublicIp": "127.83.0.1"}, "InvalidAddress.NotFound"),
        ("allocate_address", {"PublicIpv4Pool": "mine"}, "InvalidParameterValue"),
        ("describe_vpc_attribute", {"VpcId": "{vpc}", "Attribute": "colour"}, "InvalidParameterValue"),
        ("describe_nat_gateways", {"Filter": by(("colour", "red"))}, "InvalidParameterValue"),
    ],
)
def test_bad_requests(ec2, net, call, params, expected):
    filled = {k: v.format(**vars(net)) if isinstance(v, str) else v for k, v in params.items()}
    assert code(getattr(ec2, call), **filled) == expected


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (tcp(22, **cidr(ANYWHERE)), "InvalidPermission.Duplicate"),
        (tcp(80), "InvalidPermission.Malformed"),
        (tcp(80, **cidr("10.0.0.0")), "InvalidParameterValue"),
        ({"IpProtocol": "tcp", **cidr(ANYWHERE)}, "InvalidParameterValue"),
        ({"IpProtocol": "tcp", "FromPort": 9, "ToPort": 8, **cidr(ANYWHERE)}, "InvalidParameterValue"),
        ({"IpProtocol": "gre", **cidr(ANYWHERE)}, "InvalidParameterValue"),
        (cidr(ANYWHERE), "MissingParameter"),
        (tcp(80, **pair("sg-0")), "InvalidGroup.NotFound"),
        (tcp(80, **pair(OWN.security_groups[0].id)), "InvalidParameterValue"),
        (tcp(80, Ipv6Ranges=[{"CidrIpv6": "::/0"}]), "InvalidParameterValue"),
        (tcp(80, PrefixListIds=[{"PrefixListId": "pl-1"}]), "InvalidParameterValue"),
    ],
)
def test_bad_rules(ec2, net, permission, expected):
    ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(22, **cidr(ANYWHERE))])
    asked = {"GroupId": net.group, "IpPermissions": [permission]}
    assert code(ec2.authorize_security_group_ingress, **asked) == expected


def test_a_rule_that_is_not_there_is_not_revoked(ec2, net):
    asked = {"GroupId": net.group, "IpPermissions": [tcp(80, **cidr(ANYWHERE))]}
    assert code(ec2.revoke_security_group_ingress, **asked) == "InvalidPermission.NotFound"


@pytest.mark.parametrize(
    ("destination", "expected"),
    [("10.1.0.0/16", "InvalidParameterValue"), ("10.1.9.0/24", "InvalidParameterValue"), (None, "MissingParameter")],
)
def test_bad_routes(ec2, net, destination, expected):
    [main] = ec2.describe_route_tables(Filters=by(("vpc-id", net.vpc)))["RouteTables"]
    asked = {} if destination is None else {"DestinationCidrBlock": destination}
    route = {"RouteTableId": main["RouteTableId"], "GatewayId": OWN.internet_gateway.id, **asked}
    assert code(ec2.create_route, **route) == expected


def test_quotas_are_those_of_aws(ec2, net):
    for number in range(2, 5):
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    assert code(ec2.create_vpc, CidrBlock="10.9.0.0/16") == "VpcLimitExceeded"
    ranges = [f"10.0.{number}.0/24" for number in range(60)]
    ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(80, **cidr(*ranges))])
    more = {"GroupId": net.group, "IpPermissions": [tcp(81, **cidr(ANYWHERE))]}
    assert code(ec2.authorize_security_group_ingress, **more) == "RulesPerSecurityGroupLimitExceeded"
    for _ in range(5):
        ec2.allocate_address()
    assert code(ec2.allocate_address) == "AddressLimitExceeded"


def test_security_groups_come_in_pages(ec2, net):
    for number in range(5):
        ec2.create_security_group(VpcId=net.vpc, GroupName=f"g{number}", Description="x")
    pages = ec2.get_paginator("describe_security_groups").paginate(
        Filters=by(("vpc-id", net.vpc)), PaginationConfig={"PageSize": 5}
    )
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 2]


def test_a_namespace_in_a_vpc_of_ones_own(rooms, net):
    cloudmap = rooms.client("servicediscovery")
    cloudmap.create_private_dns_namespace(Name="shop.internal", Vpc=net.vpc)
    assert [one["Name"] for one in cloudmap.list_namespaces()["Namespaces"]] == ["shop.internal"]
    with pytest.raises(ClientError, match="vpc-0"):
        cloudmap.create_private_dns_namespace(Name="b.internal", Vpc="vpc-0")
