"""IPv6 ranges, addresses and rules, as their SDK sees them."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import pytest
from msgspec.structs import replace

from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.testing.world import SCOPE
from tests.contract.api.asking import ANYWHERE, cidr, code, filters_of, tcp

OWN = default_vpc(SCOPE)
EVERYWHERE = "::/0"


@pytest.fixture
def vpc(ec2):
    """A VPC with IPv6."""
    return ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]


def ipv6_association(shown):
    """The one IPv6 range that is shown."""
    [association] = shown["Ipv6CidrBlockAssociationSet"]
    return association


def part(vpc, number=1):
    """A /64 of the VPC's range."""
    return str(list(IPv6Network(ipv6_association(vpc)["Ipv6CidrBlock"]).subnets(new_prefix=64))[number])


def cidr6(*ranges):
    return {"Ipv6Ranges": [{"CidrIpv6": one} for one in ranges]}


def leaving(ec2, group):
    [security_group] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    [permission] = security_group["IpPermissionsEgress"]
    return permission["IpRanges"], permission["Ipv6Ranges"]


def test_a_vpc_can_be_created_with_an_ipv6_range(ec2, vpc):
    association = ipv6_association(vpc)
    assert IPv6Network(association["Ipv6CidrBlock"]).prefixlen == 56
    assert IPv6Network(association["Ipv6CidrBlock"]).is_private
    assert association["Ipv6CidrBlockState"] == {"State": "associated"}
    assert (association["Ipv6Pool"], association["IpSource"]) == ("Amazon", "amazon")
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    assert ipv6_association(other)["Ipv6CidrBlock"] != association["Ipv6CidrBlock"]
    filters = filters_of(("ipv6-cidr-block-association.ipv6-cidr-block", association["Ipv6CidrBlock"]))
    assert ec2.describe_vpcs(Filters=filters)["Vpcs"] == [vpc]
    [table] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", vpc["VpcId"])))["RouteTables"]
    assert table["Routes"][1]["DestinationIpv6CidrBlock"] == association["Ipv6CidrBlock"]
    [group] = ec2.describe_security_groups(Filters=filters_of(("vpc-id", vpc["VpcId"])))["SecurityGroups"]
    assert leaving(ec2, group["GroupId"]) == ([{"CidrIp": ANYWHERE}], [{"CidrIpv6": EVERYWHERE}])


def test_an_ipv6_range_can_be_associated_and_disassociated(ec2, net):
    group_id = ec2.create_security_group(GroupName="new", Description="d", VpcId=net.vpc)["GroupId"]
    changed_group_id = ec2.create_security_group(GroupName="own", Description="d", VpcId=net.vpc)["GroupId"]
    ec2.revoke_security_group_egress(GroupId=changed_group_id, IpPermissions=[{"IpProtocol": "-1", **cidr(ANYWHERE)}])
    ec2.authorize_security_group_egress(GroupId=changed_group_id, IpPermissions=[tcp(443, **cidr(ANYWHERE))])
    given = ec2.associate_vpc_cidr_block(VpcId=net.vpc, AmazonProvidedIpv6CidrBlock=True)
    association = given["Ipv6CidrBlockAssociation"]
    assert association["Ipv6CidrBlockState"] == {"State": "associating"}
    assert leaving(ec2, group_id)[1] == [{"CidrIpv6": EVERYWHERE}]
    assert leaving(ec2, changed_group_id)[1] == []
    more = {"VpcId": net.vpc, "AmazonProvidedIpv6CidrBlock": True}
    assert code(ec2.associate_vpc_cidr_block, **more) == "Resource.AlreadyAssociated"
    [vpc] = ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"]
    subnet = ec2.associate_subnet_cidr_block(SubnetId=net.subnet, Ipv6CidrBlock=part(vpc))["Ipv6CidrBlockAssociation"]
    identity = {"AssociationId": association["AssociationId"]}
    assert code(ec2.disassociate_vpc_cidr_block, **identity) == "DependencyViolation"
    ipv6_cidr_block_association = ec2.disassociate_subnet_cidr_block(AssociationId=subnet["AssociationId"])[
        "Ipv6CidrBlockAssociation"
    ]
    assert ipv6_cidr_block_association["Ipv6CidrBlockState"] == {"State": "disassociating"}
    ec2.disassociate_vpc_cidr_block(**identity)
    assert ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] == []
    assert code(ec2.disassociate_vpc_cidr_block, **identity) == "InvalidVpcCidrBlockAssociationID.NotFound"
    of_subnet = {"AssociationId": subnet["AssociationId"]}
    assert code(ec2.disassociate_subnet_cidr_block, **of_subnet) == "InvalidSubnetCidrBlockAssociationID.NotFound"
    [primary] = vpc["CidrBlockAssociationSet"]
    own = {"AssociationId": primary["AssociationId"]}
    assert code(ec2.disassociate_vpc_cidr_block, **own) == "OperationNotPermitted"


def test_a_subnet_has_a_part_of_the_vpcs_ipv6_range(ec2, vpc):
    def make(number, ipv6):
        params = {"VpcId": vpc["VpcId"], "CidrBlock": f"10.0.{number}.0/24", "Ipv6CidrBlock": ipv6}
        return ec2.create_subnet(**params)["Subnet"]

    subnet = make(1, part(vpc))
    assert ipv6_association(subnet)["Ipv6CidrBlock"] == part(vpc)
    assert subnet["AssignIpv6AddressOnCreation"] is False
    requested_params = {"VpcId": vpc["VpcId"], "CidrBlock": "10.0.2.0/24"}
    assert code(ec2.create_subnet, **requested_params, Ipv6CidrBlock=part(vpc)) == "InvalidSubnet.Conflict"
    assert code(ec2.create_subnet, **requested_params, Ipv6CidrBlock="fd12::/64") == "InvalidSubnet.Range"
    assert (
        code(ec2.create_subnet, **requested_params, Ipv6CidrBlock=ipv6_association(vpc)["Ipv6CidrBlock"])
        == "InvalidSubnet.Range"
    )
    assert code(ec2.create_subnet, **requested_params, Ipv6CidrBlock="10.0.2.0/24") == "InvalidParameterValue"
    ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], AssignIpv6AddressOnCreation={"Value": True})
    filters = filters_of(("ipv6-cidr-block-association.ipv6-cidr-block", part(vpc)))
    [described_subnet] = ec2.describe_subnets(Filters=filters)["Subnets"]
    assert described_subnet["AssignIpv6AddressOnCreation"] is True
    plain = ec2.create_subnet(**requested_params)["Subnet"]["SubnetId"]
    wished = {"SubnetId": plain, "AssignIpv6AddressOnCreation": {"Value": True}}
    assert code(ec2.modify_subnet_attribute, **wished) == "InvalidParameterValue"


def test_routes_to_ipv6_are_recorded(ec2, vpc):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc["VpcId"])
    egress_only = ec2.create_egress_only_internet_gateway(VpcId=vpc["VpcId"])["EgressOnlyInternetGateway"]
    way_out = {"EgressOnlyInternetGatewayId": egress_only["EgressOnlyInternetGatewayId"]}
    table = {"RouteTableId": ec2.create_route_table(VpcId=vpc["VpcId"])["RouteTable"]["RouteTableId"]}
    everywhere = {**table, "DestinationIpv6CidrBlock": EVERYWHERE}
    ec2.create_route(**table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    ec2.create_route(**everywhere, GatewayId=gateway)
    ec2.replace_route(**everywhere, **way_out)
    ec2.associate_vpc_cidr_block(VpcId=vpc["VpcId"], CidrBlock="10.8.0.0/16")
    filters = filters_of(
        ("route.destination-ipv6-cidr-block", EVERYWHERE), ("route.egress-only-internet-gateway-id", *way_out.values())
    )
    [described] = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    active = {"Origin": "CreateRoute", "State": "active"}
    assert described["Routes"][3:] == [
        {"DestinationCidrBlock": ANYWHERE, "GatewayId": gateway, **active},
        {"DestinationIpv6CidrBlock": EVERYWHERE, **way_out, **active},
    ]
    ec2.delete_egress_only_internet_gateway(**way_out)
    [described] = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    assert described["Routes"][4]["State"] == "blackhole"
    ec2.delete_route(**everywhere)
    assert code(ec2.delete_route, **everywhere) == "InvalidRoute.NotFound"


def test_a_route_has_a_target_for_its_address_family(ec2, vpc):
    [own] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", vpc["VpcId"])))["RouteTables"]
    table, other = {"RouteTableId": own["RouteTableId"]}, ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ways_out = [
        ec2.create_egress_only_internet_gateway(VpcId=each)["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        for each in (vpc["VpcId"], other)
    ]
    here, elsewhere = ({"EgressOnlyInternetGatewayId": each} for each in ways_out)
    ipv6 = {**table, "DestinationIpv6CidrBlock": EVERYWHERE}
    wrong = "InvalidParameterValue"
    assert code(ec2.create_route, **table, DestinationCidrBlock=ANYWHERE, **here) == wrong
    assert code(ec2.create_route, **ipv6, **elsewhere) == wrong
    assert code(ec2.create_route, **table, DestinationIpv6CidrBlock=part(vpc), **here) == wrong, "it is local"
    assert code(ec2.create_route, **table, DestinationIpv6CidrBlock="::1%lo/128", **here) == wrong
    assert code(ec2.create_route, **ipv6, DestinationCidrBlock=ANYWHERE, **here) == "InvalidParameterCombination"
    assert code(ec2.create_route, **ipv6) == "InvalidParameterCombination"
    absent = {"EgressOnlyInternetGatewayId": "eigw-0123456789abcdef0"}
    assert code(ec2.create_route, **ipv6, **absent) == "InvalidGatewayID.NotFound"


def test_a_rule_has_one_address_family(ec2, net):
    both = tcp(80, **cidr("10.0.0.0/8"), **cidr6("fd00::1/64"))
    echo = {"IpProtocol": "58", "FromPort": 128, "ToPort": -1, **cidr6(EVERYWHERE)}
    security_group_rules = ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[both, echo])[
        "SecurityGroupRules"
    ]
    assert [(r["IpProtocol"], r.get("CidrIpv4"), r.get("CidrIpv6")) for r in security_group_rules] == [
        ("tcp", "10.0.0.0/8", None),
        ("tcp", None, "fd00::/64"),
        ("icmpv6", None, EVERYWHERE),
    ]
    [group] = ec2.describe_security_groups(Filters=filters_of(("ip-permission.ipv6-cidr", "fd00::/64")))[
        "SecurityGroups"
    ]
    [ports] = [p for p in group["IpPermissions"] if p["IpProtocol"] == "tcp"]
    assert (ports["IpRanges"], ports["Ipv6Ranges"]) == ([{"CidrIp": "10.0.0.0/8"}], [{"CidrIpv6": "fd00::/64"}])
    rule = {"IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "CidrIpv6": "fd00::2/128"}
    update = {"SecurityGroupRuleId": security_group_rules[1]["SecurityGroupRuleId"], "SecurityGroupRule": rule}
    ec2.modify_security_group_rules(GroupId=net.group, SecurityGroupRules=[update])
    ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(81, **cidr6("fd00::2/128"))])
    bad = tcp(80, **cidr6("10.0.0.0/8"))
    params = {"GroupId": net.group, "IpPermissions": [bad]}
    assert code(ec2.authorize_security_group_ingress, **params) == "InvalidParameterValue"


def test_a_task_has_an_ipv6_address_of_its_subnet(installation, ec2):
    vpc = ec2.associate_vpc_cidr_block(VpcId=OWN.id, AmazonProvidedIpv6CidrBlock=True)
    net = IPv6Network(vpc["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"])
    for subnet, ipv6 in zip(OWN.subnets, net.subnets(new_prefix=64), strict=False):
        ec2.associate_subnet_cidr_block(SubnetId=subnet.id, Ipv6CidrBlock=str(ipv6))
    arn = installation.builder.run(installation.builder.definition("web"))
    task = installation.store.world.tasks[arn]
    address = task.interface.ipv6_address
    assert IPv6Address(address) in net
    [interface] = ec2.describe_network_interfaces(Filters=filters_of(("ipv6-addresses.ipv6-address", address)))[
        "NetworkInterfaces"
    ]
    assert interface["Ipv6Addresses"] == [{"Ipv6Address": address, "IsPrimaryIpv6": False}]
    [subnet] = ec2.describe_subnets(SubnetIds=[task.interface.subnet])["Subnets"]
    identity = {"AssociationId": ipv6_association(subnet)["AssociationId"]}
    assert code(ec2.disassociate_subnet_cidr_block, **identity) == "DependencyViolation"
    [described_task] = installation.client("ecs").describe_tasks(tasks=[arn])["tasks"]
    assert described_task["containers"][0]["networkInterfaces"] == []
    running = replace(task, last_status="RUNNING")
    installation.store.apply([Put(running)])
    [described_task] = installation.client("ecs").describe_tasks(tasks=[arn])["tasks"]
    details = {d["name"]: d["value"] for d in described_task["attachments"][0]["details"]}
    assert details["privateIPv6Address"] == address
    assert described_task["containers"][0]["networkInterfaces"][0]["ipv6Address"] == address


@pytest.mark.parametrize(
    ("call", "parameters", "reason"),
    [
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "fd00::/48"}, "a /56"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "fe80::/56"}, "unicast"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "Ipv6Pool": "ipv6pool-ec2-0123"}, "Ipv6CidrBlock"),
        (
            "create_route",
            {"DestinationIpv6CidrBlock": EVERYWHERE, "NatGatewayId": "nat-0123456789abcdef0"},
            "stays within",
        ),
        ("create_subnet", {"VpcId": OWN.id, "Ipv6Native": True}, "IPv4"),
    ],
)
def test_invalid_ipv6_requests_are_refused_with_a_reason(ec2, call, parameters, reason):
    if call == "create_route":
        parameters = parameters | {"RouteTableId": OWN.route_table.id}
    with pytest.raises(ec2.exceptions.ClientError, match=reason):
        getattr(ec2, call)(**parameters)
