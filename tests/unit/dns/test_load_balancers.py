"""The names of load balancers: who gets which addresses."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.vpc.peering import PeeringSide, PeeringStatus, VpcPeering
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.ids import VpcId, VpcPeeringId
from moyai.testing.load_balancers import ZONES, BalancerBuilder
from moyai.testing.world import SCOPE, Builder, PlainBook
from tests.unit.dns.cloud import OTHER_VPC, Cloud
from tests.unit.plan.nets import Nets


class _Book(PlainBook):
    """A book whose changes the zones follow."""

    def __init__(self, cloud: Cloud) -> None:
        self.world = cloud.world
        self._cloud = cloud

    def apply(self, changes: Iterable[Change]) -> None:
        self._cloud.apply(*changes)


class BalancerCloud:
    """A world with load balancers, and the zones that follow it."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.build = BalancerBuilder(Builder(_Book(self.cloud)))

    def addresses(self, name: str, vpc: VpcId | None) -> set[str]:
        """The addresses in an answer."""
        return {line.rpartition(" ")[2] for line in self.cloud.values(f"{name}.", vpc=vpc)}

    def peer_of(self, balancer: LoadBalancer) -> VpcId:
        """A VPC that is peered with that of the load balancer, whose name it did not know before."""
        peer = Nets(self.build.build.book).vpc("a", 1)
        assert self.cloud.look(balancer.dns_name, vpc=peer.id).upstream is not None
        sides = PeeringSide(SCOPE, balancer.vpc, "172.31.0.0/16"), PeeringSide(SCOPE, peer.id, peer.cidr)
        now = self.build.build.clock.now()
        self.cloud.apply(Put(VpcPeering(VpcPeeringId("pcx-1"), *sides, PeeringStatus.ACTIVE, "", now, now)))
        return peer.id


@pytest.fixture
def cloud():
    return BalancerCloud()


def private(balancer):
    return {node.interface.address for node in balancer.nodes}


def public(balancer):
    return {node.interface.public_address for node in balancer.nodes}


def test_tasks_get_the_private_addresses_of_all_nodes(cloud):
    balancer = cloud.build.balancer(public=True)
    assert cloud.addresses(balancer.dns_name, balancer.vpc) == private(balancer)
    assert len(private(balancer)) == ZONES


def test_this_machine_gets_the_public_addresses(cloud):
    balancer = cloud.build.balancer(public=True)
    assert cloud.addresses(balancer.dns_name, None) == public(balancer)


def test_an_internal_load_balancer_has_its_private_addresses_on_the_host_and_no_name_in_other_vpcs(cloud):
    balancer = cloud.build.balancer()
    assert cloud.cloud.look(balancer.dns_name, vpc=OTHER_VPC).upstream is not None
    on_host = sorted(cloud.cloud.values(balancer.dns_name, vpc=None))
    assert on_host == sorted(cloud.cloud.values(balancer.dns_name, vpc=balancer.vpc))
    assert len(cloud.cloud.values(f"dualstack.{balancer.dns_name}", vpc=balancer.vpc)) == len(on_host) > 0


def test_a_name_has_no_other_records(cloud):
    balancer = cloud.build.balancer()
    assert cloud.cloud.rcode(balancer.dns_name, "AAAA", vpc=balancer.vpc) == "NOERROR"
    assert cloud.cloud.rcode(f"www.{balancer.dns_name}", vpc=balancer.vpc) == "NXDOMAIN"


def test_ipv6_addresses_are_in_the_own_vpc_alone(cloud):
    balancer = cloud.build.balancer(public=True)
    nodes = [
        replace(node, interface=replace(node.interface, ipv6_address=f"fd00::{number}"))
        for number, node in enumerate(balancer.nodes, 1)
    ]
    cloud.cloud.apply(Put(replace(balancer, nodes=tuple(nodes))))
    found = {line.rpartition(" ")[2] for line in cloud.cloud.values(balancer.dns_name, "AAAA", vpc=balancer.vpc)}
    assert found == {f"fd00::{number}" for number in range(1, ZONES + 1)}
    assert cloud.addresses(balancer.dns_name, balancer.vpc) == private(balancer)
    assert cloud.cloud.values(balancer.dns_name, "AAAA", vpc=None) == []


def test_ipv6_addresses_stay_in_the_own_vpc_when_it_is_peered(cloud):
    balancer = cloud.build.balancer()
    peer = cloud.peer_of(balancer)
    nodes = [
        replace(node, interface=replace(node.interface, ipv6_address=f"fd00::{number}"))
        for number, node in enumerate(balancer.nodes, 1)
    ]
    cloud.cloud.apply(Put(replace(balancer, nodes=tuple(nodes))))
    assert len(cloud.cloud.values(balancer.dns_name, "AAAA", vpc=balancer.vpc)) == ZONES
    assert cloud.cloud.values(balancer.dns_name, "AAAA", vpc=peer) == []
    assert cloud.addresses(balancer.dns_name, peer) == cloud.addresses(balancer.dns_name, balancer.vpc)


def test_a_deleted_load_balancer_has_no_name(cloud):
    balancer = cloud.build.balancer()
    cloud.cloud.apply(Delete(LoadBalancer, balancer.arn))
    assert cloud.cloud.look(balancer.dns_name, vpc=balancer.vpc).upstream is not None


def test_peered_vpcs_know_the_name(cloud):
    balancer = cloud.build.balancer()
    peer = cloud.peer_of(balancer)
    assert cloud.addresses(balancer.dns_name, peer) == private(balancer)
