"""VPCs and subnets, as their SDK and the tools on top of it see them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.testing.world import SCOPE
from tests.contract.api.asking import ANYWHERE, OTHER_ACCOUNT, cidr, code, filters_of, tag_specification, tcp

OWN = default_vpc(SCOPE)


@pytest.fixture
def task(installation):
    """A task in the default VPC."""
    return installation.store.world.tasks[installation.builder.run(installation.builder.definition("web"))]


def test_a_new_vpc_has_aws_default_resources(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.1.7/16", TagSpecifications=tag_specification("vpc", Name="shop"))["Vpc"]
    assert (vpc["CidrBlock"], vpc["State"], vpc["IsDefault"]) == ("10.0.0.0/16", "available", False)
    assert vpc["Tags"] == [{"Key": "Name", "Value": "shop"}]
    inside = filters_of(("vpc-id", vpc["VpcId"]))
    [table] = ec2.describe_route_tables(Filters=[*inside, *filters_of(("association.main", "true"))])["RouteTables"]
    assert [(r["DestinationCidrBlock"], r["GatewayId"]) for r in table["Routes"]] == [("10.0.0.0/16", "local")]
    [group] = ec2.describe_security_groups(Filters=[*inside, *filters_of(("group-name", "default"))])["SecurityGroups"]
    assert group["IpPermissions"][0]["UserIdGroupPairs"] == [{"GroupId": group["GroupId"], "UserId": SCOPE.account}]
    [acl] = ec2.describe_network_acls(Filters=[*inside, *filters_of(("default", "true"))])["NetworkAcls"]
    assert acl["IsDefault"]
    assert ec2.describe_subnets(Filters=inside)["Subnets"] == []
    assert ec2.describe_vpcs(Filters=filters_of(("tag:Name", "shop")))["Vpcs"] == [vpc]
    assert ec2.describe_vpcs(Filters=filters_of(("tag-value", "shop")))["Vpcs"] == [vpc]
    assert ec2.describe_vpcs(Filters=filters_of(("cidr-block", vpc["CidrBlock"])))["Vpcs"] == [vpc]
    assert ec2.describe_vpcs(Filters=filters_of(("is-default", "false")))["Vpcs"] == [vpc]


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
    [subnet] = ec2.describe_subnets(Filters=filters_of(("map-public-ip-on-launch", "true"), ("vpc-id", net.vpc)))[
        "Subnets"
    ]
    assert subnet["SubnetId"] == net.subnet


def test_subnets_are_in_the_zone_that_is_named(ec2, net):
    subnet = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.2.0/24", AvailabilityZone="us-east-1c")["Subnet"]
    assert (subnet["AvailabilityZoneId"], subnet["AvailableIpAddressCount"]) == ("use1-az3", 251)
    again = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.3.0/24", AvailabilityZoneId="use1-az2")["Subnet"]
    assert (again["AvailabilityZone"], again["DefaultForAz"]) == ("us-east-1b", False)
    assert code(ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.1.4.0/24", AvailabilityZone="mars").startswith("Inv")


def test_resources_in_use_cannot_be_deleted(ec2, net):
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    ec2.delete_subnet(SubnetId=net.subnet)
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_vpc(VpcId=net.vpc)
    assert code(ec2.describe_vpcs, VpcIds=[net.vpc]) == "InvalidVpcID.NotFound"
    assert ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"] == []


def test_subnets_and_groups_of_a_task_cannot_be_deleted(installation, ec2, task):
    subnet = task.interface.subnet
    group = ec2.create_security_group(GroupName="web", Description="in the default VPC")["GroupId"]
    with_group = replace(task, interface=replace(task.interface, security_groups=(group,)))
    installation.store.apply([Put(with_group)])
    assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"
    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    [interface] = ec2.describe_network_interfaces(Filters=filters_of(("group-id", group)))["NetworkInterfaces"]
    assert interface["Groups"] == [{"GroupId": group, "GroupName": "web"}]
    installation.store.apply([Put(replace(with_group, last_status=TaskStatus.STOPPED))])
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
    assert ec2.create_default_vpc()["Vpc"] == before[0][0]
    assert ec2.describe_subnets()["Subnets"] == before[1]
    assert ec2.describe_route_tables()["RouteTables"] == before[2]
    assert code(ec2.create_default_vpc) == "DefaultVpcAlreadyExists"


def test_other_accounts_do_not_see_a_vpc(installation, ec2, net):
    other = installation.client("ec2", key=OTHER_ACCOUNT)
    assert code(other.describe_vpcs, VpcIds=[net.vpc]) == "InvalidVpcID.NotFound"
    assert code(other.delete_subnet, SubnetId=net.subnet) == "InvalidSubnetID.NotFound"
    assert net.group not in [
        security_group["GroupId"] for security_group in other.describe_security_groups()["SecurityGroups"]
    ]


def test_tags_are_created_deleted_and_described(ec2, net):
    [rule] = ec2.describe_security_group_rules(Filters=filters_of(("group-id", net.group)))["SecurityGroupRules"]
    resources = [net.vpc, net.subnet, net.group, rule["SecurityGroupRuleId"]]
    pairs = [{"Key": "Name", "Value": "a"}, {"Key": "env", "Value": "dev"}]
    ec2.create_tags(Resources=resources, Tags=pairs)
    tags = ec2.describe_tags(Filters=filters_of(("key", "Name")))["Tags"]
    assert {(one["ResourceId"], one["ResourceType"]) for one in tags} == {
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


@pytest.mark.parametrize(
    ("call", "params", "expected"),
    [
        ("create_vpc", {}, "MissingParameter"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/29"}, "InvalidVpc.Range"),
        ("create_vpc", {"CidrBlock": "ten"}, "InvalidParameterValue"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "dedicated"}, "InvalidParameterValue"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/16", "DryRun": True}, "DryRunOperation"),
        (
            "create_vpc",
            {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tag_specification("subnet")},
            "InvalidParameterValue",
        ),
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
        ("describe_nat_gateways", {"Filter": filters_of(("colour", "red"))}, "InvalidParameterValue"),
    ],
)
def test_bad_requests(ec2, net, call, params, expected):
    filled = {k: v.format(**vars(net)) if isinstance(v, str) else v for k, v in params.items()}
    assert code(getattr(ec2, call), **filled) == expected


def test_quotas_equal_aws(ec2, net):
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
        Filters=filters_of(("vpc-id", net.vpc)), PaginationConfig={"PageSize": 5}
    )
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 2]


def test_a_private_namespace_in_a_custom_vpc(installation, net):
    cloudmap = installation.client("servicediscovery")
    cloudmap.create_private_dns_namespace(Name="shop.internal", Vpc=net.vpc)
    assert [namespace["Name"] for namespace in cloudmap.list_namespaces()["Namespaces"]] == ["shop.internal"]
    with pytest.raises(ClientError, match="vpc-0"):
        cloudmap.create_private_dns_namespace(Name="b.internal", Vpc="vpc-0")
