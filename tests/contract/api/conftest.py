"""Every service of the gateway, for each test anew."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.contract.api.installation import Installation


@pytest.fixture
def installation() -> Installation:
    return Installation()


@pytest.fixture
def ec2(installation):
    return installation.client("ec2")


@pytest.fixture
def net(ec2):
    """A VPC with a subnet and a group in it."""
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web servers")["GroupId"]
    return SimpleNamespace(vpc=vpc, subnet=subnet, group=group)
