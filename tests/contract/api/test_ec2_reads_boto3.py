"""Reads of tools before they create anything: regions, accounts, images, types."""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest

from moyai.api.ec2.regions import regions_with
from moyai.domain.vpc.default import default_vpc
from moyai.kernel.ids import Region
from moyai.testing.world import SCOPE
from tests.contract.api.asking import code, filters_of

OWN = default_vpc(SCOPE)


def test_regions_of_a_partition_are_enabled(ec2):
    regions = {r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert (regions["us-east-1"], regions["af-south-1"]) == ("opt-in-not-required", "opted-in")
    [region] = ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]
    assert region["Endpoint"] == "ec2.eu-west-1.amazonaws.com"
    assert ec2.describe_regions(Filters=filters_of(("opt-in-status", "not-opted-in")))["Regions"] == []
    assert code(ec2.describe_regions, RegionNames=["mars-1"]) == "InvalidParameterValue"


def test_regions_are_those_that_botocore_has():
    partitions = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())["partitions"]
    known = {p["id"]: {name for name in p["regions"] if not name.endswith("-global")} for p in partitions}
    for first in ("us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"):
        assert any(set(regions_with(Region(first))) <= regions for regions in known.values()), first


def test_account_attributes(ec2):
    attributes = {
        a["AttributeName"]: a["AttributeValues"][0]["AttributeValue"]
        for a in ec2.describe_account_attributes()["AccountAttributes"]
    }
    assert (attributes["supported-platforms"], attributes["default-vpc"]) == ("VPC", OWN.id)
    [default] = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert default["AttributeValues"] == [{"AttributeValue": OWN.id}]


def test_the_images_of_ecs_are_found_as_its_public_parameters_name_them(ec2):
    wanted = filters_of(("name", "al2023-ami-ecs-hvm-*"), ("architecture", "x86_64"))
    [image] = ec2.describe_images(Owners=["amazon"], Filters=wanted)["Images"]
    assert ec2.describe_images(ImageIds=[image["ImageId"]])["Images"] == [image]
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    assert code(ec2.describe_images, ImageIds=["ami-0"]) == "InvalidAMIID.NotFound"


def test_instance_types_exist_and_instances_and_their_like_do_not(ec2):
    [kind] = ec2.describe_instance_types(InstanceTypes=["t3.medium"])["InstanceTypes"]
    assert (kind["VCpuInfo"]["DefaultVCpus"], kind["MemoryInfo"]["SizeInMiB"]) == (2, 4096)
    assert code(ec2.describe_instance_types, InstanceTypes=["x1.32xlarge"]) == "InvalidInstanceType"
    assert ec2.describe_instances(Filters=filters_of(("instance-state-name", "running")))["Reservations"] == []
    assert code(ec2.describe_instances, InstanceIds=["i-0"]) == "InvalidInstanceID.NotFound"
    associations = ec2.describe_security_group_vpc_associations(Filters=filters_of(("vpc-id", OWN.id)))
    assert associations["SecurityGroupVpcAssociations"] == []
    by_tag = filters_of(("tag:stage", "test"))
    assert code(ec2.describe_security_group_vpc_associations, Filters=by_tag) == "InvalidParameterValue"
    with pytest.raises(ec2.exceptions.ClientError, match="create one with the same rules in the other"):
        ec2.associate_security_group_vpc(GroupId=OWN.security_groups[0].id, VpcId=OWN.id)
    with pytest.raises(ec2.exceptions.ClientError, match="no association to end"):
        ec2.disassociate_security_group_vpc(GroupId=OWN.security_groups[0].id, VpcId=OWN.id)
    assert ec2.describe_vpn_gateways(Filters=filters_of(("attachment.vpc-id", OWN.id)))["VpnGateways"] == []


@pytest.mark.parametrize(
    "attribute",
    [
        "EnableDns64",
        "EnableResourceNameDnsARecordOnLaunch",
        "EnableResourceNameDnsAAAARecordOnLaunch",
        "MapCustomerOwnedIpOnLaunch",
    ],
)
def test_settings_of_subnets_that_are_as_wanted_are_accepted(ec2, net, attribute):
    ec2.modify_subnet_attribute(SubnetId=net.subnet, **{attribute: {"Value": False}})
    wanted = {"SubnetId": net.subnet, attribute: {"Value": True}}
    assert code(ec2.modify_subnet_attribute, **wanted) == "InvalidParameterValue"


def test_tenancy_and_gateways_of_routes(ec2, net):
    assert ec2.modify_vpc_tenancy(VpcId=net.vpc, InstanceTenancy="default")["ReturnValue"] is True
    [table] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    route = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    with pytest.raises(ec2.exceptions.ClientError, match="The gateway ID 'igw-0' does not exist") as refused:
        ec2.create_route(**route, GatewayId="igw-0")
    assert refused.value.response["Error"]["Code"] == "InvalidGatewayID.NotFound"
