"""Every service of the gateway, for each test anew."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.contract.api.elb import Elb
from tests.contract.api.gateways import Gateways
from tests.contract.api.installation import Installation

PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")
"""CloudWatch's protocols."""


@pytest.fixture
def installation() -> Installation:
    return Installation()


@pytest.fixture
def cfn(installation):
    return installation.client("cloudformation")


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(request, installation):
    return installation.client("cloudwatch", protocol=request.param)


@pytest.fixture
def gateways(installation):
    return Gateways(installation)


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


@pytest.fixture
def elb(installation):
    return Elb(installation)


@pytest.fixture
def balancer(elb):
    """The ARN of an application load balancer."""
    return elb.load_balancer()["LoadBalancerArn"]


@pytest.fixture
def group(elb):
    """The ARN of a target group of addresses that speak HTTP."""
    return elb.target_group()["TargetGroupArn"]


@pytest.fixture
def listener(elb, balancer, group):
    """The ARN of a listener that forwards to the group."""
    return elb.listener(balancer, group)["ListenerArn"]
