"""Tasks with an IPv6 address: the same isolation as by IPv4, without neighbour discovery."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import Intercept
from moyai.domain.sandbox.network_spec import GroupRules, NetworkSpec, TrafficPermission
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.kernel.ids import SecurityGroupId, TaskId
from tests.contract.runtime.adapters import (
    OTHER,
    TASK,
    LinuxAdapter,
    dual_stack,
    interface,
    interface_of,
    network_of,
    sandbox,
)
from tests.e2e.linux_tasks import output, run, wait_for_output
from tests.e2e.test_linux_runtime_network import THIRD, ask, prepare, python

pytestmark = [pytest.mark.e2e, pytest.mark.root]

NEAR, FAR_NET = "fd00:0:0:1", "fd00:0:0:2"
ONE, TWO, THREE = (dual_stack(sandbox(number)) for number in (1, 2, 3))
NO_ANSWER, REFUSED = "TimeoutError", "ConnectionRefusedError"
OUT_OF_REACH = {NO_ANSWER, "OSError"}
"""The router says so at once; whether the kernel believes that of a connection's first packet depends on the moment."""
WEB, DATABASE = SecurityGroupId("sg-web"), SecurityGroupId("sg-database")

LISTENER = """
import selectors, socket
look = selectors.DefaultSelector()
for port in {ports}:
    server_socket = socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True)
    look.register(server_socket, selectors.EVENT_READ, port)
print('up', flush=True)
while True:
    for key, _ in look.select():
        link, peer = key.fileobj.accept()
        link.send(str(key.data).encode())
        link.close()
        print(key.data, 'from', peer[0], flush=True)
"""
HEARER = """
import socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server_socket:
    server_socket.bind(('::', 9999))
    print('up', flush=True)
    while True:
        print(server_socket.recv(64).decode(), flush=True)
"""
FORGED = """
import socket, struct
def packed(text):
    return socket.inet_pton(socket.AF_INET6, text)
def packet(source):
    said = source.encode()
    length = 8 + len(said)
    pseudo = packed(source) + packed('{to}') + struct.pack('!II', length, 17)
    whole = pseudo + struct.pack('!HHHH', 5000, 9999, length, 0) + said
    whole += bytes(len(whole) % 2)
    total = sum(struct.unpack(f'!{{len(whole) // 2}}H', whole))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    head = struct.pack('!IHBB', 0x60000000, length, 17, 64) + packed(source) + packed('{to}')
    return head + struct.pack('!HHHH', 5000, 9999, length, ~total & 0xFFFF) + said
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(('eth0', 0x86DD))
router, own = bytes.fromhex('02ff00000001'), bytes.fromhex({mac!r}.replace(':', ''))
for source in {sources}:
    link.send(router + own + struct.pack('!H', 0x86DD) + packet(source))
print('sent')
"""


def ipv6_of(spec: SandboxSpec) -> str:
    """A sandbox's IPv6 address."""
    ipv6 = interface(spec).ipv6
    assert ipv6 is not None
    return ipv6.address


async def serve(linux: LinuxAdapter, task: TaskId, *ports: int) -> None:
    """Listen on every address, of both kinds."""
    await linux.runtime.start(python(LISTENER.format(ports=ports), task=task))
    await wait_for_output(linux, "up", task)


async def test_neighbours_reach_each_other_without_discovery(linux):
    await prepare(linux, ONE, TWO)
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, ipv6_of(ONE), 8080) == "8080"
    await wait_for_output(linux, f"8080 from {ipv6_of(TWO)}")
    assert await ask(linux, OTHER, interface(ONE).address, 8080) == "8080", "and by IPv4"
    _, shown = await run(linux, python("print(open('/proc/net/if_inet6').read())", name="addresses"))
    own = [line.split() for line in shown if line.endswith(" eth0")]
    assert [(words[0][-2:], words[4]) for words in own] == [("0b", "82")], "one address, permanent, in use at once"


async def test_subnets_reach_each_other_and_nothing_leaves_the_vpc(linux):
    far, alone = dual_stack(sandbox(2), FAR_NET), dual_stack(sandbox(3, vpc="vpc-1"), "fd00:0:1:1")
    await prepare(linux, ONE, far, alone)
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, ipv6_of(ONE), 8080) == "8080"
    assert await ask(linux, THIRD, ipv6_of(ONE), 8080) in OUT_OF_REACH
    assert await ask(linux, OTHER, "2001:db8::1", 80) in OUT_OF_REACH
    assert await ask(linux, OTHER, "fd00:0:0:1::ff", 80) in OUT_OF_REACH, "nobody has it"


async def test_vpcs_with_the_same_range_are_isolated(linux):
    await prepare(linux, ONE, dual_stack(sandbox(2, vpc="vpc-1")))
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, ipv6_of(ONE), 8080) in OUT_OF_REACH
    assert await output(linux) == ["up"]


async def test_a_task_without_ipv6_has_none_in_a_dual_stack_vpc(linux):
    await prepare(linux, ONE, sandbox(2))
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, ipv6_of(ONE), 8080) in OUT_OF_REACH
    assert await ask(linux, OTHER, interface(ONE).address, 8080) == "8080"


def grouped_network(*ingress: TrafficPermission, egress: tuple[TrafficPermission, ...]) -> NetworkSpec:
    """ONE in WEB, which may send what ``egress`` says; TWO in DATABASE, which lets in what ``ingress`` says."""
    spec = network_of(ONE, TWO, THREE)
    (vpc,) = spec.vpcs
    places = (interface_of(ONE, WEB), interface_of(TWO, DATABASE), interface_of(THREE))
    web = GroupRules(WEB, egress=egress, members=(interface(ONE).address, ipv6_of(ONE)))
    database = GroupRules(DATABASE, ingress, egress, (interface(TWO).address, ipv6_of(TWO)))
    return replace(spec, vpcs=(replace(vpc, interfaces=places),), groups=(*spec.groups, web, database))


def tcp(port: int, *ranges: str, groups: tuple[SecurityGroupId, ...] = ()) -> TrafficPermission:
    return TrafficPermission("tcp", port, port, ranges, groups)


async def test_groups_match_both_families_and_ranges_their_own(linux):
    by_ipv6 = tcp(8001, f"{ipv6_of(THREE)}/128")
    by_ipv4 = tcp(8002, "0.0.0.0/0")
    network = grouped_network(
        tcp(8000, groups=(WEB,)), by_ipv6, by_ipv4, egress=(TrafficPermission("-1", ranges=("::/0",)),)
    )
    await linux.runtime.apply_network(network)
    for spec in (ONE, TWO, THREE):
        await linux.runtime.prepare(spec)
    await serve(linux, OTHER, 8000, 8001, 8002)
    assert await ask(linux, TASK, ipv6_of(TWO), 8000) == "8000"
    assert await ask(linux, THIRD, ipv6_of(TWO), 8001) == "8001"
    assert await ask(linux, TASK, ipv6_of(TWO), 8001) == NO_ANSWER
    assert await ask(linux, THIRD, ipv6_of(TWO), 8002) == NO_ANSWER
    assert await ask(linux, THIRD, interface(TWO).address, 8002) == "8002"
    assert await ask(linux, TASK, interface(TWO).address, 8000) == NO_ANSWER, "WEB lets out IPv6 alone"
    again = linux.another_runtime()
    await again.apply_network(network)
    await again.close()
    assert await ask(linux, TASK, ipv6_of(TWO), 8000, time=2) == "8000"


async def test_forged_source_addresses_are_dropped(linux):
    await prepare(linux, ONE, TWO, THREE)
    await linux.runtime.start(python(HEARER, "hearer", OTHER))
    await wait_for_output(linux, "up", OTHER, "hearer")
    own, sources = ipv6_of(THREE), (ipv6_of(ONE), f"{NEAR}::1", "fe80::1", "2001:db8::1")
    forged = FORGED.format(to=ipv6_of(TWO), mac=interface(THREE).mac, sources=(*sources, own))
    await linux.runtime.start(python(forged, "forger", THIRD))
    await wait_for_output(linux, own, OTHER, "hearer")
    assert set(await output(linux, OTHER, "hearer")) == {"up", own}


async def test_proxied_ports_are_closed_by_ipv6_and_others_are_open(linux):
    intercept = Intercept("127.255.0.0/16", egress_port=15001, ingress_port=15000, inbound_ports=(8080,))
    await prepare(linux, replace(ONE, intercept=intercept), TWO)
    await serve(linux, TASK, 8080, 9090, intercept.ingress_port)
    assert await ask(linux, OTHER, interface(ONE).address, 8080) == "15000"
    assert await ask(linux, OTHER, ipv6_of(ONE), 8080) == REFUSED
    assert await ask(linux, OTHER, ipv6_of(ONE), 15000) == REFUSED
    assert await ask(linux, OTHER, ipv6_of(ONE), 9090) == "9090"
    assert await ask(linux, TASK, "::1", 8080) == "8080"
