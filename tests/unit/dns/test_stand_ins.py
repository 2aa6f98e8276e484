"""The names of App Mesh's virtual services resolve to an address that a zone or an upstream server has, or else to the
stand-in.
"""

from __future__ import annotations

import asyncio
from typing import Any

import dns.message
import dns.rcode
import pytest
from dns.message import Message
from msgspec.structs import replace

from moyai.dns.answer import UpstreamQuestion
from moyai.dns.forward import Upstream
from moyai.dns.index import Zones
from moyai.dns.resolver import Resolver
from moyai.dns.stand_ins import STAND_IN
from moyai.domain.appmesh.discovery import DnsServiceDiscovery, ServiceDiscovery
from moyai.domain.appmesh.identity import identity_of
from moyai.domain.appmesh.names import AppMeshResourceType, mesh_arn, within_mesh
from moyai.domain.appmesh.virtual_node import VirtualNode, VirtualNodeSpec
from moyai.domain.appmesh.virtual_service import VirtualService, VirtualServiceSpec
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.record import StoredRecord
from moyai.domain.world import Delete, Put, World, table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import VirtualNodeArn, VirtualServiceArn, VpcId
from moyai.ports.store import Key
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.dns.cloud import OTHER_VPC, VPC, instance, namespace, service

MESH = mesh_arn(SCOPE, "shop")
CART = "Cart.shop.local"


class Others(Upstream):
    """Upstream, which knows what it is given."""

    def __init__(self, known: dict[str, str], *, silent: bool = False) -> None:
        super().__init__(("192.0.2.1",), lambda _: 0)
        self._known, self._silent = known, silent

    async def ask(self, wanted: UpstreamQuestion, query: Message, *, stream: bool) -> Message | None:
        if self._silent:
            await asyncio.Event().wait()
        answer = dns.message.make_response(query)
        address = self._known.get(wanted.name.to_text())
        if address is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif query.question[0].rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(wanted.name, 60, "IN", "A", address))
        return answer


class VpcWithMesh:
    """A VPC with a task of the mesh, and its resolver."""

    def __init__(self, upstream: Upstream | None = None, vpc: VpcId | None = VPC) -> None:
        self.world = World()
        self.zones = Zones(self.world, lambda _: 0)
        self.resolver = Resolver(
            self.zones, vpc, upstream or Upstream((), lambda _: 0), stream=False, stand_in_timeout=0
        )
        build = Builder()
        made = build.run(build.definition("cart", container("envoy")))
        task = build.world.tasks[made]
        self.task = replace(
            task,
            identity=identity_of("mesh/shop/virtualNode/cart", SCOPE),
            interface=replace(task.interface, vpc=VPC),
        )
        self.put(self.task)

    def put(self, *records: StoredRecord) -> None:
        for record in records:
            self.world.apply(Put(record))
            self.zones.refresh([Key(table_name(type(record)), record.key)])

    def delete(self, record: VirtualService) -> None:
        self.world.apply(Delete(type(record), record.key))
        self.zones.refresh([Key(table_name(type(record)), record.key)])

    def ask(self, name: str, kind: str = "A") -> Message:
        reply = self.resolver.reply(dns.message.make_query(name, kind).to_wire())
        assert reply is not None
        return dns.message.from_wire(reply if isinstance(reply, bytes) else asyncio.run(_await(reply)))

    def addresses(self, name: str) -> list[str]:
        return [value.to_text() for rrset in self.ask(name).answer for value in rrset]


async def _await(reply):
    return await reply


def called_service(name: str = CART) -> VirtualService:
    arn = VirtualServiceArn(within_mesh(MESH, SCOPE.account, AppMeshResourceType.VIRTUAL_SERVICE, name))
    return VirtualService(spec=VirtualServiceSpec(), **record(arn, name))


def found_by(hostname: str) -> VirtualNode:
    arn = VirtualNodeArn(within_mesh(MESH, SCOPE.account, AppMeshResourceType.VIRTUAL_NODE, "node"))
    discovery = ServiceDiscovery(dns=DnsServiceDiscovery(hostname))
    return VirtualNode(spec=VirtualNodeSpec(service_discovery=discovery), **record(arn, "node"))


def record(arn: str, name: str) -> dict[str, Any]:
    born = Instant(1.0)
    owners = {"mesh_owner": SCOPE.account, "resource_owner": SCOPE.account}
    return {"arn": arn, "name": name, "uid": "u", "created_at": born, "last_updated_at": born, "mesh": MESH, **owners}


def test_an_unresolvable_virtual_service_has_the_stand_in_address_while_it_exists():
    place = VpcWithMesh()
    assert place.ask(CART).rcode() == dns.rcode.SERVFAIL
    place.put(called_service())
    assert place.addresses("cart.SHOP.local") == [STAND_IN]
    assert place.ask("other.shop.local").rcode() == dns.rcode.SERVFAIL
    place.delete(called_service())
    assert place.addresses(CART) == []


def test_aaaa_queries_for_a_stand_in_are_empty():
    place = VpcWithMesh()
    place.put(called_service())
    found = place.ask(CART, "AAAA")
    assert (found.rcode(), found.answer) == (dns.rcode.NOERROR, [])


def test_a_name_of_an_own_zone_has_precedence_over_the_stand_in():
    place = VpcWithMesh()
    zone = namespace("shop.local")
    cart = service("cart", zone)
    place.put(zone, cart)
    assert place.ask(CART).rcode() == dns.rcode.NXDOMAIN
    place.put(called_service())
    assert place.addresses(CART) == [STAND_IN]
    place.put(instance(cart, "one", INSTANCE_IPV4="10.0.0.9"))
    assert place.addresses(CART) == ["10.0.0.9"]
    assert place.ask("other.shop.local").rcode() == dns.rcode.NXDOMAIN


def test_upstream_answers_have_precedence_over_the_stand_in():
    place = VpcWithMesh(Others({"example.com.": "192.0.2.7"}))
    place.put(called_service("example.com"), called_service("example.org"))
    assert place.addresses("example.com") == ["192.0.2.7"]
    assert place.addresses("example.org") == [STAND_IN]
    assert place.ask("example.net").rcode() == dns.rcode.NXDOMAIN


def test_silent_upstreams_do_not_delay_the_stand_in():
    place = VpcWithMesh(Others({}, silent=True))
    place.put(called_service())
    assert place.addresses(CART) == [STAND_IN]


def test_a_virtual_nodes_dns_name_has_no_stand_in():
    place = VpcWithMesh(Others({}))
    place.put(called_service(), found_by("cart.shop.local"))
    assert place.ask(CART).rcode() == dns.rcode.NXDOMAIN
    place.put(found_by("cart.balancer.local"))
    assert place.addresses(CART) == [STAND_IN]


@pytest.mark.parametrize("vpc", [OTHER_VPC, None])
def test_a_vpc_without_tasks_of_the_mesh_has_no_stand_in(vpc):
    place = VpcWithMesh(Others({}), vpc)
    place.put(called_service())
    assert place.ask(CART).rcode() == dns.rcode.NXDOMAIN


def test_the_stand_in_ends_with_the_last_task_of_the_mesh():
    place = VpcWithMesh(Others({}))
    place.put(called_service())
    gone_task: Task = replace(place.task, last_status=TaskStatus.STOPPED)
    place.put(gone_task)
    assert place.ask(CART).rcode() == dns.rcode.NXDOMAIN
