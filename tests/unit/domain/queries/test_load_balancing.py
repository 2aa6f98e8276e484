"""Which targets of load balancers see the addresses of clients."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.elb.attributes import PRESERVE_CLIENT_IP
from moyai.domain.elb.target_group import Target, TargetProtocol, TargetType
from moyai.domain.queries.load_balancing import keeps_client_address
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.testing.load_balancers import target_group
from moyai.testing.world import SCOPE

KEEP = {PRESERVE_CLIENT_IP.key: "true"}


@pytest.mark.parametrize("protocol", [TargetProtocol.TCP, TargetProtocol.UDP])
def test_no_target_sees_the_client_while_one_is_outside_of_the_vpc(protocol):
    world, group = World(), replace(target_group(SCOPE, "web"), protocol=protocol, attributes=KEEP)
    inside = Target(group.arn, "172.31.0.20", 80, "172.31.0.20", "us-east-1a", Instant(0))
    outside = Target(group.arn, "10.9.0.20", 80, "10.9.0.20", "all", Instant(0))
    world.apply(Put(inside))
    assert keeps_client_address(world, group)
    world.apply(Put(outside))
    assert not keeps_client_address(world, group)


def test_a_load_balancer_as_a_target_does_not_see_the_client():
    group = replace(target_group(SCOPE, "web", TargetType.ALB), protocol=TargetProtocol.TCP, attributes=KEEP)
    assert not keeps_client_address(World(), group)
