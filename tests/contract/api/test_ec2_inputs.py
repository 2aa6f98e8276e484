"""Whatever the model allows as input, an operation of EC2 answers it or raises an error of its own,
and an error changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.api.ec2.service import EC2
from moyai.domain.record import StoredRecord
from moyai.domain.world import Delete, Put
from tests.contract.api.drawn import values
from tests.contract.api.installation import MODELS, Installation
from tests.unit.plan.nets import ANYWHERE, Nets

pytestmark = pytest.mark.long

KNOWN: Mapping[str, Sequence[str]] = {
    "VpcId": ["vpc-a", "vpc-b", "vpc-0"],
    "PeerVpcId": ["vpc-a", "vpc-b", "vpc-c"],
    "SubnetId": ["subnet-a", "subnet-b"],
    "GroupId": ["sg-a", "sg-web"],
    "ReferencedGroupId": ["sg-a", "sg-web"],
    "SecurityGroupRuleId": ["sgr-a", "sgr-a-in"],
    "SecurityGroupRuleIds": ["sgr-a", "sgr-a-in"],
    "RouteTableId": ["rtb-a", "rtb-b"],
    "AssociationId": ["rtbassoc-a", "rtbassoc-b", "vpc-cidr-assoc-a", "subnet-cidr-assoc-a"],
    "InternetGatewayId": ["igw-a", "igw-free"],
    "GatewayId": ["igw-a", "igw-free"],
    "NatGatewayId": ["nat-a"],
    "AllocationId": ["eipalloc-a"],
    "VpcPeeringConnectionId": ["pcx-ab", "pcx-bc"],
    "Resources": ["vpc-a", "sg-a", "sgr-a", "pcx-ab", "nat-a"],
    "CidrBlock": ["10.1.9.0/24", "10.9.0.0/16"],
    "Ipv6CidrBlock": ["fd00:0:0:102::/64", "fd00:0:0:101::/64"],
    "CidrIpv6": ["::/0", "fd00::1/128"],
    "CidrIp": [ANYWHERE, "10.0.0.1/32"],
    "CidrIpv4": [ANYWHERE, "10.0.0.1/32"],
    "DestinationCidrBlock": [ANYWHERE, "10.9.0.0/16"],
    "IpProtocol": ["tcp", "udp", "icmp", "icmpv6", "-1", "6"],
    "Name": ["vpc-id", "group-id", "tag:Name", "state"],
    "Values": ["vpc-a", "*", "available"],
    "GroupName": ["web", "new"],
    "GroupDescription": ["fine"],
    "Attribute": ["enableDnsSupport", "enableDnsHostnames"],
    "ResourceType": ["vpc", "subnet", "security-group", "security-group-rule"],
}
"""Strings that mean something in the world of the test, so that requests get past the first check."""


@cache
def initial_records() -> tuple[StoredRecord, ...]:
    """Three VPCs with something of everything."""
    nets = Nets()
    for number, name in enumerate("abc", start=1):
        nets.vpc(name, number, ipv6=name == "a")
    nets.peer("ab", "a", "b")
    nets.route("a", "10.2.0.0/16", "pcx-ab")
    nets.gateway("a", "a")
    nets.gateway("free", None)
    nets.route("a", ANYWHERE, "igw-a")
    nets.nat("a", "a")
    nets.group("web", "a")
    nets.task("b")
    return tuple(nets.world.records())


@cache
def installation() -> Installation:
    return Installation()


def begin_again(installation: Installation) -> list[StoredRecord]:
    """Put the store back to where the test begins."""
    installation.store.apply([Delete(type(record), record.key) for record in tuple(installation.store.world.records())])
    installation.store.apply([Put(record) for record in initial_records()])
    return list(installation.store.world.records())


def failure(call: Any, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error of a call, if it fails."""
    try:
        call(**params)
    except ClientError as error:
        error_detail: Mapping[str, Any] = error.response["Error"]
        return error_detail
    return None


@pytest.mark.parametrize("name", sorted(EC2.operations))
def test_any_input_is_answered_or_refused(name):
    shape: Any = MODELS["ec2"].operation_model(name).input_shape
    new_installation = installation()
    call = getattr(new_installation.client("ec2"), xform_name(name))

    @settings(max_examples=12)
    @given(values(shape, KNOWN), st.booleans())
    def ask(params, dry):
        if "DryRun" in shape.members:
            params = params | {"DryRun": dry and params.get("DryRun", False)}
        before = begin_again(new_installation)
        error = failure(call, params)
        if error is not None:
            assert error["Code"] not in {"InternalFailure", "InternalError", ""}
            assert error["Message"]
            assert list(new_installation.store.world.records()) == before

    ask()
