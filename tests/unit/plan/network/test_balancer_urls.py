"""The URLs of listeners of load balancers, and of a target group behind them."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from msgspec.structs import replace

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.defaults import Defaults
from moyai.domain.elb.load_balancer import LoadBalancer, Scheme
from moyai.domain.elb.rule import ListenerProtocol
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.world import Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ManagedCertificateArn, TargetGroupArn
from moyai.plan.network.balancer_urls import urls_by_name, urls_of_group
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


def with_certificate(world: World, names: tuple[str, ...]) -> World:
    """The world, where the load balancer's HTTPS listeners have a certificate for these names."""
    certificate = ManagedCertificate(
        arn=ManagedCertificateArn(arn("acm", SCOPE, f"certificate/{names[0]}")),
        type=CertificateType.PRIVATE,
        domain_name=names[0],
        names=names,
        key_algorithm=KeyAlgorithm.RSA_2048,
        created_at=Instant(0.0),
        status=CertificateStatus.ISSUED,
    )
    world.apply(Put(certificate))
    for record in tuple(world.listeners):
        if record.protocol is HTTPS:
            world.apply(Put(replace(record, certificates=(certificate.arn,))))
    return world


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("*.shop.test", "shop.test"), ["shop.test", "444.web-1.elb.localhost"]),
        (("shop.test", "web-1.elb.localhost"), ["web-1.elb.localhost", "444.web-1.elb.localhost"]),
        (("*.shop.test",), ["web-1.elb.localhost", "444.web-1.elb.localhost"]),
    ],
)
def test_an_encrypted_listener_is_called_by_a_name_of_its_certificate_that_leads_to_it(names, expected):
    case = behind((443, HTTPS), (444, HTTPS), (80, HTTP), defaults=Defaults(gateway_https_port=8443))
    world = with_certificate(case.world, names)
    assert [(at.port, at.url) for at in urls_by_name(world)] == [
        (port, f"https://{name}:8443") for port, name in zip((443, 444), expected, strict=True)
    ]
    assert urls_of_group(world, case.group) == (
        f"http://{PUBLIC}:80",
        *(f"https://{name}:8443" for name in expected),
    )


def test_without_ports_for_names_no_listener_is_called_by_one():
    assert urls_by_name(behind((80, HTTP), (443, HTTPS)).world) == ()
    ports = Defaults(gateway_http_port=8080, gateway_https_port=8443)
    assert urls_by_name(behind((80, HTTP), public=False, defaults=ports).world) == ()
