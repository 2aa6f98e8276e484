"""Ingress paths: how they share load balancers, and when they are closed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.ingress import PATHS_PER_LOAD_BALANCER, AccessType
from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.elb.errors import TooManyLoadBalancers
from moyai.domain.elb.load_balancer import Scheme
from moyai.domain.elb.rule import HeaderCondition, HostCondition
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Delete, Put
from moyai.plan.ingress.paths import PathTemplate, close_unused_paths, open_path
from moyai.plan.ingress.shared_balancer import BalancerTemplate, managed_creation
from moyai.testing.load_balancers import CHECK
from moyai.testing.world import SCOPE, Builder

NETWORK = default_vpc(SCOPE)
POOL = BalancerTemplate("pool", "shared", Scheme.INTERNET_FACING, NETWORK.vpc, NETWORK.subnets)
HEADER = HeaderCondition("x-test", ("yes",))


class Paths:
    """A world with services and their paths."""

    def __init__(self) -> None:
        self.build = Builder()
        self.world = self.build.world
        self.definition = self.build.definition("web")

    def open(self, name, pool=POOL, header=None):
        """A service with a path, through which its tasks get requests."""
        arn = self.build.service(name, self.definition, 1)
        service = self.world.services[arn]
        template = PathTemplate(service, AccessType.PUBLIC, 80, CHECK, header)
        creation = managed_creation(SCOPE, self.build.clock.now(), self.build.ids)
        path, changes = open_path(self.world, creation, pool, template)
        self.build.book.apply(changes)
        balancers = (ServiceLoadBalancer(path.target_groups[0], "app", 80),)
        deployments = (replace(service.primary, connections=balancers), *service.deployments[1:])
        self.build.book.apply([Put(replace(service, deployments=deployments))])
        return path

    def service(self, path):
        return self.world.services[path.service]


@pytest.fixture
def paths():
    return Paths()


def test_paths_of_a_pool_share_a_load_balancer_until_it_is_full(paths):
    opened = [paths.open(f"web-{number}") for number in range(PATHS_PER_LOAD_BALANCER + 1)]
    balancers = [path.load_balancer for path in opened]
    assert len(set(balancers[:-1])) == 1
    assert balancers[-1] not in balancers[:-1]
    listener = paths.world.listeners[opened[0].listener]
    assert listener.certificates == tuple(path.certificate for path in opened[:-1])
    other = paths.open("other", POOL._replace(pool="other"))
    assert other.load_balancer not in balancers


def test_a_pool_has_no_more_load_balancers_than_allowed(paths):
    limited = POOL._replace(limit=1)
    for number in range(PATHS_PER_LOAD_BALANCER):
        paths.open(f"web-{number}", limited)
    with pytest.raises(TooManyLoadBalancers):
        paths.open("web", limited)


def test_test_traffic_comes_before_a_paths_own_rule(paths):
    first, second = paths.open("first", header=HEADER), paths.open("second")
    rules = paths.world.rules
    assert [rules[rule].priority for rule in (first.test_rule, first.rule, second.rule)] == [1, 2, 4]
    assert rules[first.test_rule].conditions == (HostCondition((first.host,)), HEADER)
    assert second.test_rule is None


def test_a_freed_priority_is_given_again(paths):
    first, _ = paths.open("first"), paths.open("second")
    paths.build.delete(first.service)
    gone = replace(paths.service(first), deployments=(), current_deployment=None)
    paths.build.book.apply(close_unused_paths(paths.world, gone))
    assert paths.world.rules[paths.open("third").rule].priority == 2


def test_no_path_is_closed_while_a_deployment_may_be_rolled_back(paths):
    path = paths.open("web")
    service = paths.service(path)
    without = replace(service, deployments=(replace(service.primary, connections=()),))
    assert close_unused_paths(paths.world, service) == ()
    assert close_unused_paths(paths.world, without) == ()
    changes = close_unused_paths(paths.world, replace(without, current_deployment=None))
    deleted = {change.key for change in changes if isinstance(change, Delete)}
    assert {*path.resources, path.key} <= deleted
