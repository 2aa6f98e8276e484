"""EC2's default VPC and STS as their SDK sees them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.testing.world import SCOPE
from tests.contract.api.asking import filters_of

VPC = default_vpc(SCOPE)


@pytest.fixture
def task(installation):
    new_task = installation.store.world.tasks[installation.builder.run(installation.builder.definition("web"))]
    public = replace(new_task, interface=replace(new_task.interface, public_address="127.83.0.7"))
    installation.store.apply([Put(public)])
    return public


def code(raised) -> str:
    return str(raised.value.response["Error"]["Code"])


def test_the_default_vpc(ec2):
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    assert (vpc["VpcId"], vpc["CidrBlock"], vpc["IsDefault"]) == (VPC.id, "172.31.0.0/16", True)
    assert ec2.describe_vpcs(VpcIds=[VPC.id], Filters=filters_of(("isDefault", "true")))["Vpcs"] == [vpc]
    assert ec2.describe_vpcs(Filters=filters_of(("is-default", "false")))["Vpcs"] == []
    assert ec2.describe_vpcs(Filters=filters_of(("cidr", "172.*", "10.*"), ("state", "avail?ble")))["Vpcs"] == [vpc]


def test_a_subnet_in_each_zone(ec2, task):
    subnets = ec2.describe_subnets(Filters=filters_of(("vpc-id", VPC.id), ("default-for-az", "true")))["Subnets"]
    assert {first_subnet["AvailabilityZone"] for first_subnet in subnets} == {"us-east-1a", "us-east-1b", "us-east-1c"}
    assert all(first_subnet["DefaultForAz"] and first_subnet["MapPublicIpOnLaunch"] for first_subnet in subnets)
    free = {first_subnet["SubnetId"]: first_subnet["AvailableIpAddressCount"] for first_subnet in subnets}
    assert free[task.interface.subnet] == 4096 - 5 - 1
    [subnet] = ec2.describe_subnets(Filters=filters_of(("availability-zone", "us-east-1b")))["Subnets"]
    assert ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"] == [subnet]


def test_the_default_security_group(ec2):
    [group] = ec2.describe_security_groups(Filters=filters_of(("group-name", "default"), ("vpc-id", VPC.id)))[
        "SecurityGroups"
    ]
    assert group["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"] == [group]
    assert ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"] == [group]


def test_the_zones(ec2):
    zones = ec2.describe_availability_zones(AllAvailabilityZones=True)["AvailabilityZones"]
    assert [each_zone["ZoneId"] for each_zone in zones] == ["use1-az1", "use1-az2", "use1-az3"]
    [zone] = ec2.describe_availability_zones(ZoneNames=["us-east-1c"], Filters=filters_of(("state", "available")))[
        "AvailabilityZones"
    ]
    assert zone["ZoneName"] == "us-east-1c"
    with pytest.raises(ClientError, match=r"Invalid availability zone: \[mars\]"):
        ec2.describe_availability_zones(ZoneNames=["mars"])


def test_a_tasks_interface(ec2, task):
    [network_interface] = ec2.describe_network_interfaces(NetworkInterfaceIds=[task.interface.id])["NetworkInterfaces"]
    assert network_interface["Association"]["PublicIp"] == "127.83.0.7"
    assert network_interface["PrivateIpAddress"] == task.interface.address
    assert network_interface["PrivateIpAddresses"][0]["Association"]["PublicIp"] == "127.83.0.7"
    assert (
        network_interface["Description"] == f"arn:aws:ecs:us-east-1:123456789012:attachment/{task.interface.attachment}"
    )
    assert network_interface["Attachment"]["Status"] == "attached"
    assert network_interface["Status"] == "in-use"
    assert {"Key": "aws:ecs:clusterName", "Value": "default"} in network_interface["TagSet"]


@pytest.mark.parametrize(
    "filters",
    [
        [("association.public-ip", "127.83.0.7")],
        [("addresses.association.public-ip", "127.83.*")],
        [("vpc-id", VPC.id), ("group-id", VPC.security_groups[0].id)],
        [("tag:aws:ecs:clusterName", "default")],
        [("tag-key", "aws:ecs:clusterName")],
        [("description", "*:attachment/*")],
        [("status", "in-use"), ("interface-type", "interface")],
    ],
)
def test_interfaces_are_found_by_filters(installation, ec2, filters):
    run = installation.builder.run
    definition = installation.builder.definition("web")
    first, _ = run(definition), run(definition)
    new_task = installation.store.world.tasks[first]
    interface = replace(new_task.interface, public_address="127.83.0.7", security_groups=(VPC.security_groups[0].id,))
    installation.store.apply([Put(replace(new_task, interface=interface))])
    network_interfaces = ec2.describe_network_interfaces(Filters=filters_of(*filters))["NetworkInterfaces"]
    assert new_task.interface.id in {one["NetworkInterfaceId"] for one in network_interfaces}


def test_interfaces_come_in_pages(installation, ec2):
    definition = installation.builder.definition("web")
    for _ in range(7):
        installation.builder.run(definition)
    pages = ec2.get_paginator("describe_network_interfaces").paginate(PaginationConfig={"PageSize": 5})
    assert [len(page["NetworkInterfaces"]) for page in pages] == [5, 2]


def test_a_stopped_task_has_no_interface(installation, ec2, task):
    installation.store.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    with pytest.raises(ClientError) as exc_info:
        ec2.describe_network_interfaces(NetworkInterfaceIds=[task.interface.id])
    assert code(exc_info) == "InvalidNetworkInterfaceID.NotFound"


@pytest.mark.parametrize(
    ("call", "params", "expected"),
    [
        ("describe_vpcs", {"VpcIds": ["vpc-0"]}, "InvalidVpcID.NotFound"),
        ("describe_subnets", {"SubnetIds": ["subnet-0", "subnet-1"]}, "InvalidSubnetID.NotFound"),
        ("describe_security_groups", {"GroupIds": ["sg-0"]}, "InvalidGroup.NotFound"),
        ("describe_security_groups", {"GroupNames": ["none"]}, "InvalidGroup.NotFound"),
        ("describe_vpcs", {"Filters": filters_of(("colour", "red"))}, "InvalidParameterValue"),
        ("describe_vpcs", {"Filters": [{"Values": ["x"]}]}, "MissingParameter"),
        ("describe_vpcs", {"MaxResults": 1}, "InvalidParameterValue"),
        ("describe_vpcs", {"NextToken": "bogus"}, "InvalidParameterValue"),
        ("describe_vpcs", {"DryRun": True}, "DryRunOperation"),
        ("describe_availability_zones", {"DryRun": True}, "DryRunOperation"),
        ("describe_subnets", {"SubnetIds": [VPC.subnets[0].id], "MaxResults": 5}, "InvalidParameterCombination"),
        ("describe_subnets", {"Filters": filters_of(("cidr", "*" * 300))}, "InvalidParameterValue"),
    ],
)
def test_bad_input(ec2, call, params, expected):
    with pytest.raises(ClientError) as exc_info:
        getattr(ec2, call)(**params)
    assert code(exc_info) == expected


def test_an_unknown_filter_is_named_and_the_known_ones_are_listed(ec2):
    with pytest.raises(ClientError, match=r"'colour' is invalid.*vpc-id"):
        ec2.describe_vpcs(Filters=filters_of(("colour", "red")))


def test_each_account_has_its_own_default_vpc(installation):
    assert installation.client("ec2", key="111122223333").describe_vpcs()["Vpcs"][0]["VpcId"] != VPC.id


def test_get_caller_identity_shows_the_account(installation):
    answer = installation.client("sts", key="111122223333").get_caller_identity()
    assert answer["Account"] == "111122223333"
    assert answer["Arn"] == "arn:aws:iam::111122223333:root"
