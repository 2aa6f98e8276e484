"""The URLs of a target group behind load balancers."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from msgspec.structs import replace

from moyai.domain.defaults import Defaults
from moyai.domain.elb.load_balancer import LoadBalancer, Scheme
from moyai.domain.elb.rule import ListenerProtocol
from moyai.domain.world import Put, World
from moyai.kernel.ids import TargetGroupArn
from moyai.plan.elb.urls import urls_of_group
from moyai.testing.load_balancers import listener, load_balancer, rule, target_group
from moyai.testing.world import SCOPE

INTERNAL = "internal-web-1.us-east-1.elb.localhost"
PUBLIC = "127.83.1.2"


class GroupCase(NamedTuple):
    world: World
    group: TargetGroupArn


def behind(
    *listeners: tuple[int, ListenerProtocol], public: bool = True, defaults: Defaults | None = None
) -> GroupCase:
    """A target group behind listeners with these ports of one load balancer."""
    world, group, balancer = World(), target_group(SCOPE, "web"), load_balancer(SCOPE)
    records = [replace(listener(SCOPE, port), protocol=protocol) for port, protocol in listeners]
    rules = [rule(record, group.arn) for record in records]
    for record in (
        group,
        with_public_address(balancer) if public else balancer,
        *records,
        *rules,
        defaults or Defaults(),
    ):
        world.apply(Put(record))
    return GroupCase(world, group.arn)


def with_public_address(balancer: LoadBalancer) -> LoadBalancer:
    first, *others = balancer.nodes
    node = replace(first, interface=replace(first.interface, public_address=PUBLIC))
    return replace(balancer, scheme=Scheme.INTERNET_FACING, nodes=(node, *others), dns_name="web-1.elb.localhost")


HTTP, HTTPS, TCP, UDP = (ListenerProtocol(name) for name in ("HTTP", "HTTPS", "TCP", "UDP"))


@pytest.mark.parametrize(
    ("listeners", "urls"),
    [
        ([(80, HTTP)], [f"http://{PUBLIC}:80"]),
        ([(8080, HTTP), (80, HTTP)], [f"http://{PUBLIC}:80", f"http://{PUBLIC}:8080"]),
        (
            [(443, HTTPS), (6379, TCP), (53, UDP)],
            [f"udp://{PUBLIC}:53", f"https://{PUBLIC}:443", f"tcp://{PUBLIC}:6379"],
        ),
    ],
)
def test_without_ports_for_names_this_machine_calls_a_public_address(listeners, urls):
    assert list(urls_of_group(*behind(*listeners))) == urls


def test_with_ports_for_names_it_calls_the_names_and_before_them_a_port_that_is_not_the_lowest():
    ports = Defaults(gateway_http_port=8080, gateway_https_port=8443)
    case = behind((80, HTTP), (81, HTTP), (443, HTTPS), (444, HTTPS), defaults=ports)
    names = ("http://web-1.elb.localhost:8080", "http://81.web-1.elb.localhost:8080")
    assert urls_of_group(*case) == (
        *names,
        "https://web-1.elb.localhost:8443",
        "https://444.web-1.elb.localhost:8443",
    )


def test_an_internal_load_balancer_is_called_by_its_name_in_its_vpc():
    assert urls_of_group(*behind((80, HTTP), public=False, defaults=Defaults(gateway_http_port=8080))) == (
        f"http://{INTERNAL}:80",
    )


def test_a_group_that_no_rule_names_has_no_url():
    assert urls_of_group(World(), target_group(SCOPE, "web").arn) == ()
