"""When the update of a gateway is complete, and when it has failed."""

from __future__ import annotations

import pytest

from moyai.domain.ecs.gateway import GatewayStatus, ServiceGateway
from moyai.domain.ecs.ingress import AccessType
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LoadBalancerArn, ServiceGatewayArn
from moyai.plan.elb.front import finish_updates
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import SCOPE

VPC = default_vpc(SCOPE).id


@pytest.fixture
def balancers(build):
    return [BalancerBuilder(build).balancer(name).arn for name in ("first", "second")]


def update(build, balancers, served=(), refused=None):
    """The gateway after a look at its load balancers; None if nothing changes."""
    gateway = ServiceGateway(
        ServiceGatewayArn("arn:aws:ecs:us-east-1:123456789012:gateway/edge"),
        "edge",
        "role",
        VPC,
        (),
        AccessType.PUBLIC,
        Instant(0),
        Instant(0),
        status=GatewayStatus.UPDATE_IN_PROGRESS,
        updating=tuple(balancers),
    )
    build.book.apply([Put(gateway)])
    changes = list(finish_updates(build.world, VPC, served, refused or {}))
    return changes[0].record if changes else None


def test_an_update_waits_for_every_load_balancer(build, balancers):
    assert update(build, balancers) is None
    waiting = update(build, balancers, served=balancers[:1])
    assert (waiting.status, waiting.updating) == (GatewayStatus.UPDATE_IN_PROGRESS, tuple(balancers[1:]))
    assert update(build, balancers, served=balancers).status is GatewayStatus.UPDATE_COMPLETE


def test_a_load_balancer_that_is_gone_is_not_waited_for(build, balancers):
    gone = LoadBalancerArn("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/gone/1")
    assert update(build, [gone, balancers[0]], served=balancers[:1]).status is GatewayStatus.UPDATE_COMPLETE


def test_an_update_that_is_refused_has_failed_with_the_reason(build, balancers):
    failed = update(build, balancers, served=balancers[:1], refused={balancers[1]: "no such address"})
    assert failed.status is GatewayStatus.UPDATE_FAILED
    assert [(failure.arn, failure.message) for failure in failed.failures] == [(balancers[1], "no such address")]
