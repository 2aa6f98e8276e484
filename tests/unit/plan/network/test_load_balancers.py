"""The networks, addresses and public ports of load balancers' nodes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.acm.certificate import ManagedCertificate
from moyai.domain.elb.front import front_sandbox, proxied_address
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerState, LoadBalancerType
from moyai.domain.elb.rule import ListenerProtocol
from moyai.domain.sandbox.network_spec import NetworkSpec, PublishedPort, TrafficPermission
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Delete, Put
from moyai.plan.network.attachments import UNFILTERED
from moyai.plan.network.interfaces import addresses_left, is_address_free, private_address
from moyai.plan.network.network_spec import NetworkSpecTracker, network_spec
from moyai.plan.network.published_ports import published_ports
from moyai.testing.load_balancers import ZONES, BalancerBuilder
from moyai.testing.world import SCOPE, Builder
from tests.golden.appmesh.certificates import records

EVERYTHING = (TrafficPermission("-1", ranges=("0.0.0.0/0",)),)


@pytest.fixture
def balancers():
    return BalancerBuilder(Builder())


def test_all_nodes_are_interfaces_of_the_front_proxy(balancers):
    first, second = balancers.balancer("first"), balancers.balancer("second", public=True)
    [vpc], [group] = network_spec(balancers.world).vpcs, network_spec(balancers.world).groups
    nodes = sorted(node.interface.address for node in (*first.nodes, *second.nodes))
    assert sorted(interface.address for interface in vpc.interfaces) == nodes
    assert {interface.task for interface in vpc.interfaces} == {front_sandbox(first.vpc)}
    assert not any(interface.outside for interface in vpc.interfaces)
    assert sorted(group.members) == nodes
    assert group.id == default_vpc(SCOPE).security_groups[0].id


def test_a_network_load_balancer_without_groups_is_not_filtered(balancers):
    balancer = balancers.balancer(kind=LoadBalancerType.NETWORK)
    [group] = network_spec(balancers.world).groups
    assert (group.id, group.ingress, group.egress) == (UNFILTERED, EVERYTHING, EVERYTHING)
    assert set(group.members) == {node.interface.address for node in balancer.nodes}


def test_the_networks_follow_load_balancers(balancers):
    tracker = NetworkSpecTracker(balancers.world)
    balancer = balancers.balancer()
    assert tracker.follow([("load_balancer", balancer.arn)]) == network_spec(balancers.world)
    balancers.build.book.apply([Delete(LoadBalancer, balancer.arn)])
    assert tracker.follow([("load_balancer", balancer.arn)]) == NetworkSpec()


def test_no_other_interface_gets_a_nodes_address(balancers):
    subnet = balancers.subnets()[0]
    free = addresses_left(balancers.world, subnet)
    balancer = balancers.balancer()
    address = balancer.nodes[0].interface.address
    assert not is_address_free(balancers.world, subnet, address)
    assert private_address(balancers.world, subnet, ()) != address
    assert addresses_left(balancers.world, subnet) == free - 1
    build = balancers.build
    task = build.world.tasks[build.run(build.definition("web"))]
    assert task.interface.address not in {node.interface.address for node in balancer.nodes}


def test_listeners_of_public_nodes_answer_at_their_public_addresses(balancers):
    balancers.listener(balancers.balancer("inside"), balancers.group("inside"), 8080)
    public, group = balancers.balancer("public", public=True), balancers.group("public")
    for port in (443, 80):
        balancers.listener(public, group, port)
    ports = published_ports(balancers.world)
    assert len(ports) == 2 * ZONES
    for node in public.nodes:
        own = node.interface
        where = proxied_address(own.address)
        assert own.public_address is not None
        for port in (80, 443):
            front = front_sandbox(public.vpc)
            expected = PublishedPort(
                front, own.public_address, own.vpc, where, port, "public.us-east-1.elb.localhost", proxy_header=True
            )
            assert expected in ports


def test_udp_listeners_answer_once_the_load_balancer_is_active(balancers):
    public = balancers.balancer("public", public=True)
    listener = balancers.listener(public, balancers.group("public"), 53)
    balancers.build.book.apply([Put(replace(listener, protocol=ListenerProtocol.TCP_UDP))])
    assert {port.protocol for port in published_ports(balancers.world)} == {"tcp"}
    balancers.build.book.apply([Put(replace(public, state=LoadBalancerState.ACTIVE))])
    ports = [port for port in published_ports(balancers.world) if port.protocol == "udp"]
    assert [(port.port, port.service, port.proxy_header) for port in ports] == [(53, None, False)] * ZONES
    assert {port.address for port in ports} == {proxied_address(node.interface.address) for node in public.nodes}


def test_an_encrypted_listener_answers_to_its_own_names_and_those_of_its_certificates(balancers):
    public, group = balancers.balancer("public", public=True), balancers.group("public")
    listeners = [balancers.listener(public, group, port) for port in (80, 443, 8443)]
    [shop] = (one for one in records({"shop": "ca"}, None) if isinstance(one, ManagedCertificate))
    certificate = replace(shop, names=("Shop.test", "*.shop.test", "a*.shop.test", "shop test", "10.0.0.1"))
    encrypted = [replace(x, protocol=ListenerProtocol.HTTPS, certificates=(certificate.arn,)) for x in listeners[1:]]
    balancers.build.book.apply([Put(certificate), *map(Put, encrypted)])
    names = {port.port: port.server_names for port in published_ports(balancers.world)}
    shared = ("shop.test", "*.shop.test", "10.0.0.1")
    assert names == {
        80: (),
        443: (f"443.{public.dns_name}", public.dns_name, *shared),
        8443: (f"8443.{public.dns_name}", *shared),
    }
