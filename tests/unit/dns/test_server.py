"""The resolver on real sockets of the loopback, and the ones it asks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from ipaddress import IPv4Network
from secrets import randbelow

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from moyai.dns.forward import Upstream
from moyai.dns.resolver import Resolver
from moyai.dns.server import DatagramServer, StreamServer, within
from tests.unit.dns.cloud import TTL, VPC, Cloud, instance, lines, namespace, service

HOST = "127.0.0.1"
ALL = within([IPv4Network("127.0.0.0/8")])
SHOP = namespace("shop.local")
WEB, FAR, LB = service("web", SHOP), service("far", SHOP, "CNAME", weighted=True), service("lb", SHOP, weighted=True)


class Peer(asyncio.DatagramProtocol):
    """Another resolver: answers each question as a test says."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        query = dns.message.from_wire(data)
        self.asked.append(query)
        for said in self.answer(query):
            self.transport.sendto(said if isinstance(said, bytes) else said.to_wire(), addr)


def one_address(query):
    """The answer that every question gets: 192.0.2.1."""
    response = dns.message.make_response(query, recursion_available=True)
    response.answer.append(dns.rrset.from_text(query.question[0].name, 30, "IN", "A", "192.0.2.1"))
    return [response]


@contextlib.asynccontextmanager
async def peer(answer):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Peer(answer), local_addr=(HOST, 0))
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def serving(upstream=None, admits=ALL):
    """The port where a small cloud is answered over UDP and TCP."""
    cloud = Cloud(SHOP, WEB, FAR, LB, instance(WEB, "i", INSTANCE_IPV4="10.0.0.1"))
    cloud.put(instance(FAR, "i", INSTANCE_CNAME="www.example.com"))
    cloud.put(instance(LB, "i", ALIAS_DNS_NAME="elb.example.com"))
    upstream = upstream or Upstream((), randbelow)
    stream = socket.create_server((HOST, 0))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port = stream.getsockname()[1]
    datagrams.bind((HOST, port))
    for one in (stream, datagrams):
        one.setblocking(False)
    servers: list[DatagramServer | StreamServer] = [
        await StreamServer.open(stream, Resolver(cloud.zones, VPC, upstream, stream=True), admits),
        DatagramServer(datagrams, Resolver(cloud.zones, VPC, upstream, stream=False), admits),
    ]
    try:
        yield port
    finally:
        for server in servers:
            await server.close()


def upstream_at(server, port, patience=60):
    return Upstream([server], randbelow, port=port, timeout=patience)


async def udp(port, name, kind="A", **how):
    return await dns.asyncquery.udp(dns.message.make_query(name, kind, **how), HOST, port=port, timeout=60)


async def test_udp_and_tcp_answers_are_equal():
    async with serving() as port:
        query = dns.message.make_query("web.shop.local", "A")
        for ask in (dns.asyncquery.udp, dns.asyncquery.tcp):
            for _ in range(3):
                response = await ask(query, HOST, port=port, timeout=60)
                assert list(lines(response)) == [f"web.shop.local. {TTL} A 10.0.0.1"]


async def test_queries_on_one_tcp_connection_are_answered_in_order():
    async with serving() as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        queries = [dns.message.make_query(name, "A") for name in ("web.shop.local", "no.shop.local") * 5]
        writer.write(b"".join(query.to_wire(prepend_length=True) for query in queries))
        for query in queries:
            length = int.from_bytes(await reader.readexactly(2), "big")
            assert query.is_response(dns.message.from_wire(await reader.readexactly(length)))
        writer.close()


async def test_a_connection_that_sends_a_response_is_closed():
    async with serving() as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        answer = dns.message.make_response(dns.message.make_query("web.shop.local", "A"))
        writer.write(answer.to_wire(prepend_length=True))
        assert await reader.read() == b""
        writer.close()
        query = dns.message.make_query("web.shop.local", "A")
        assert (await dns.asyncquery.tcp(query, HOST, port=port, timeout=60)).answer


async def test_clients_outside_the_network_are_ignored():
    async with serving(admits=within([IPv4Network("172.31.0.0/16")])) as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(dns.message.make_query("web.shop.local", "A"), HOST, port=port, timeout=0.3)


@pytest.mark.parametrize(
    ("address", "inside"), [("172.31.0.0", True), ("172.31.255.255", True), ("172.32.0.0", False), ("127.0.0.1", False)]
)
def test_addresses_are_matched_by_network(address, inside):
    assert within([IPv4Network("172.31.0.0/16")])(address) is inside


async def test_without_upstream_servers_other_names_are_servfail():
    async with serving() as port:
        assert (await udp(port, "www.example.com")).rcode() == dns.rcode.SERVFAIL


async def test_other_names_are_forwarded_upstream():
    async with peer(one_address) as (other, port_of_other), serving(upstream_at(HOST, port_of_other)) as port:
        udp_answer = await udp(port, "www.EXAMPLE.com", use_edns=0, want_dnssec=True)
        assert list(lines(udp_answer)) == ["www.EXAMPLE.com. 30 A 192.0.2.1"]
        assert not udp_answer.flags & dns.flags.AA
        (question,) = other.asked
        assert question.flags & dns.flags.RD
        assert (question.edns, question.payload, question.ednsflags) == (0, 1232, int(dns.flags.DO))
        assert list(lines(await udp(port, "other.example.com"))) == ["other.example.com. 30 A 192.0.2.1"]
        assert other.asked[1].edns == -1


async def test_external_targets_of_cnames_and_aliases_are_resolved_upstream():
    async with peer(one_address) as (_, port_of_other), serving(upstream_at(HOST, port_of_other)) as port:
        assert list(lines(await udp(port, "far.shop.local"))) == [
            f"far.shop.local. {TTL} CNAME www.example.com.",
            "www.example.com. 30 A 192.0.2.1",
        ]
        assert list(lines(await udp(port, "lb.shop.local"))) == ["lb.shop.local. 30 A 192.0.2.1"]


def forged_answers(query):
    """First forgeries, then the answer."""
    other_number = dns.message.make_response(query)
    other_number.id ^= 1
    other_question = dns.message.make_response(dns.message.make_query("evil.example.com", "A", id=query.id))
    yield from (other_number, other_question, b"\0", query.to_wire())
    yield from one_address(query)


async def test_forged_responses_are_ignored():
    async with peer(forged_answers) as (_, port_of_other), serving(upstream_at(HOST, port_of_other)) as port:
        assert list(lines(await udp(port, "www.example.com"))) == ["www.example.com. 30 A 192.0.2.1"]


def refusing(query):
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.REFUSED)
    return [response]


@pytest.mark.parametrize("answer", [refusing, lambda _: []], ids=["refuses", "is silent"])
async def test_an_upstream_without_an_answer_is_servfail(answer):
    async with peer(answer) as (_, port_of_other), serving(upstream_at(HOST, port_of_other, patience=0.2)) as port:
        assert (await udp(port, "www.example.com")).rcode() == dns.rcode.SERVFAIL


async def test_the_next_upstream_is_asked_when_one_fails():
    async with peer(one_address) as (_, port_of_other):
        upstream = Upstream(["127.0.0.9", HOST], randbelow, port=port_of_other, timeout=60)
        async with serving(upstream) as port:
            assert (await udp(port, "www.example.com")).rcode() == dns.rcode.NOERROR


async def test_the_number_of_forwarded_queries_is_limited():
    async with peer(lambda _: []) as (other, port_of_other):
        upstream = Upstream([HOST], randbelow, port=port_of_other, timeout=30)
        async with serving(upstream) as port:
            waiting = [asyncio.create_task(udp(port, f"n{n}.example.com")) for n in range(256)]
            while len(other.asked) < 256:
                await asyncio.wait(waiting, timeout=0.01)
            assert (await udp(port, "one-more.example.com")).rcode() == dns.rcode.SERVFAIL
            assert len(list(lines(await udp(port, "web.shop.local")))) == 1
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    assert upstream.has_capacity


async def test_tcp_queries_are_forwarded_over_tcp():
    async def answer(reader, writer):
        length = int.from_bytes(await reader.readexactly(2), "big")
        query = dns.message.from_wire(await reader.readexactly(length))
        writer.write(one_address(query)[0].to_wire(prepend_length=True))
        writer.close()

    async with (
        await asyncio.start_server(answer, HOST, 0) as other,
        serving(upstream_at(HOST, other.sockets[0].getsockname()[1])) as port,
    ):
        query = dns.message.make_query("www.example.com", "A")
        tcp = await dns.asyncquery.tcp(query, HOST, port=port, timeout=60)
        assert list(lines(tcp)) == ["www.example.com. 30 A 192.0.2.1"]
