"""Security groups, peerings and forged addresses between tasks."""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import GroupRules, NetworkRoute, NetworkSpec, Peering, TrafficPermission
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.kernel.ids import SecurityGroupId, VpcId
from moyai.ports.runtime import METADATA_ADDRESS, Endpoint, SandboxFailed
from tests.contract.runtime.adapters import (
    ANYWHERE,
    OTHER,
    TASK,
    LinuxAdapter,
    default_group,
    interface,
    interface_of,
    network_of,
    sandbox,
)
from tests.e2e.linux_tasks import output, wait_for_output
from tests.e2e.test_linux_runtime_network import THIRD, ask, prepare, python, serve

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEB, DATABASE = SecurityGroupId("sg-web"), SecurityGroupId("sg-database")
CLIENT, SERVER, STRANGER = sandbox(1), sandbox(2), sandbox(3)
SERVER_AT, CLIENT_AT = interface(SERVER).address, interface(CLIENT).address
STRANGERS = default_group(interface(STRANGER).vpc)
NO_ANSWER = "TimeoutError"

TALKER = """
import itertools, socket, time
link = socket.create_connection(('{address}', {port}), timeout=2)
link.settimeout(20)
for count in itertools.count():
    link.sendall(b'x')
    try:
        link.recv(1)
    except OSError as error:
        print('cut', flush=True)
        break
    print('said', count, flush=True)
    time.sleep(0.02)
"""
ECHO = """
import socket
with socket.create_server(('0.0.0.0', 9000)) as server_socket:
    print('up', flush=True)
    link, _ = server_socket.accept()
    while byte := link.recv(1):
        link.sendall(byte)
"""
FORGED = """
import socket, struct
def checksum(data):
    total = sum(struct.unpack(f'!{{len(data) // 2}}H', data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
def packet(source):
    datagram = struct.pack('!HHHH', 5000, 9999, 8 + len(source), 0) + source.encode()
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0,
                       socket.inet_aton(source), socket.inet_aton('{to}'))
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + datagram
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(('eth0', 0x0800))
router = bytes.fromhex('02ff00000001')
for mac in ({mac!r}, {other_mac!r}):
    for source in {sources}:
        frame = router + bytes.fromhex(mac.replace(':', '')) + struct.pack('!H', 0x0800) + packet(source)
        link.send(frame)
print('sent')
"""
HEARER = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server_socket:
    server_socket.bind(('0.0.0.0', 9999))
    print('up', flush=True)
    while True:
        print(server_socket.recv(64).decode(), flush=True)
"""


def grouped_network(*ingress: TrafficPermission, egress: TrafficPermission = ANYWHERE) -> NetworkSpec:
    """CLIENT in WEB, which may send what ``egress`` says; SERVER in DATABASE, which lets in what ``ingress`` says."""
    spec = network_of(CLIENT, SERVER, STRANGER)
    (vpc,) = spec.vpcs
    places = (interface_of(CLIENT, WEB), interface_of(SERVER, DATABASE), interface_of(STRANGER))
    web = GroupRules(WEB, egress=(egress,), members=(CLIENT_AT,))
    database = GroupRules(DATABASE, ingress, (ANYWHERE,), (SERVER_AT,))
    return replace(spec, vpcs=(replace(vpc, interfaces=places),), groups=(*spec.groups, web, database))


def tcp(first: int, last: int, *ranges: str, groups: tuple[SecurityGroupId, ...] = ()) -> TrafficPermission:
    return TrafficPermission("tcp", first, last, ranges, groups)


async def three(linux: LinuxAdapter, network: NetworkSpec) -> None:
    await linux.runtime.apply_network(network)
    for spec in (CLIENT, SERVER, STRANGER):
        await linux.runtime.prepare(spec)


async def test_a_group_allows_by_group_range_and_port_also_within_a_subnet(linux):
    await three(
        linux, grouped_network(tcp(8000, 8001, groups=(WEB,)), tcp(8002, 8002, f"{interface(STRANGER).address}/32"))
    )
    await serve(linux, OTHER, 8000, 8001, 8002)
    assert await ask(linux, TASK, SERVER_AT, 8000) == "8000"
    assert await ask(linux, TASK, SERVER_AT, 8001) == "8001"
    assert await ask(linux, TASK, SERVER_AT, 8002) == NO_ANSWER
    assert await ask(linux, THIRD, SERVER_AT, 8002) == "8002"
    assert await ask(linux, THIRD, SERVER_AT, 8000) == NO_ANSWER


async def test_traffic_without_an_egress_rule_is_dropped(linux):
    await three(linux, grouped_network(ANYWHERE, egress=tcp(8000, 8000, "172.31.0.0/16")))
    await serve(linux, OTHER, 8000, 8001)
    assert await ask(linux, TASK, SERVER_AT, 8000) == "8000"
    assert await ask(linux, TASK, SERVER_AT, 8001) == NO_ANSWER


async def test_a_removed_rule_stops_new_connections_only_as_on_aws(linux):
    open_to_web = grouped_network(tcp(8000, 9000, groups=(WEB,)))
    await three(linux, open_to_web)
    await linux.runtime.start(python(ECHO, "echo", OTHER))
    await wait_for_output(linux, "up", OTHER, "echo")
    await serve(linux, OTHER, 8000)
    await linux.runtime.start(python(TALKER.format(address=SERVER_AT, port=9000), "talker"))
    await wait_for_output(linux, "said 1", name="talker")
    await linux.runtime.apply_network(grouped_network())
    assert await ask(linux, TASK, SERVER_AT, 8000) == NO_ANSWER
    await goes_on(linux)
    again = linux.another_runtime()
    await again.apply_network(grouped_network())
    await again.close()
    await goes_on(linux)
    await linux.runtime.apply_network(open_to_web)
    assert await ask(linux, THIRD, SERVER_AT, 8000) == NO_ANSWER


async def goes_on(linux: LinuxAdapter) -> None:
    """The talker still talks."""
    count = len(await output(linux, TASK, "talker"))

    async def more() -> bool:
        return len(await output(linux, TASK, "talker")) > count + 3

    await linux.until(more)


async def test_a_task_that_is_in_no_specification_is_alone(linux):
    await three(linux, network_of(CLIENT))
    await serve(linux, OTHER, 8000)
    assert await ask(linux, TASK, SERVER_AT, 8000) == NO_ANSWER
    await linux.runtime.apply_network(network_of(CLIENT, SERVER))
    await serve(linux, TASK, 8001)
    assert await ask(linux, OTHER, CLIENT_AT, 8001) == "8001"


async def test_a_failure_in_one_vpc_stops_no_other_and_is_repaired_next_time(linux):
    here, there = sandbox(1), elsewhere(2, "vpc-1", "10.1")
    third = sandbox(3)
    wrong = GroupRules(WEB, (TrafficPermission("no such protocol", 1, 1, ("0.0.0.0/0",)),))
    network = network_of(here, third, there, more=(wrong,))
    near, far = network.vpcs
    unknown_protocol = replace(far, interfaces=(interface_of(there, WEB),))
    with pytest.raises(SandboxFailed, match="nft refused"):
        await linux.runtime.apply_network(replace(network, vpcs=(near, unknown_protocol)))
    for spec in (here, third, there):
        await linux.runtime.prepare(spec)
    await serve(linux, TASK, 8000)
    assert await ask(linux, THIRD, CLIENT_AT, 8000) == "8000"
    fourth = elsewhere(4, "vpc-1", "10.1")
    await linux.runtime.apply_network(network_of(here, third, there, fourth))
    await linux.runtime.prepare(fourth)
    await serve(linux, there.task, 8000)
    assert await ask(linux, fourth.task, interface(there).address, 8000) == "8000"


async def test_rules_that_were_removed_from_outside_are_restored_with_the_next_change(linux):
    await three(linux, network_of(CLIENT, SERVER))
    router = linux.state / "run/netns/vpc-vpc-0"
    command = ("nsenter", f"--net={router}", "nft", "delete", "table", "ip", "moyai")
    await asyncio.to_thread(subprocess.run, command, check=True)
    await linux.runtime.apply_network(network_of(CLIENT, SERVER, STRANGER))
    await serve(linux, OTHER, 8000)
    assert await ask(linux, THIRD, SERVER_AT, 8000) == "8000"
    await linux.runtime.apply_network(network_of(SERVER, STRANGER))
    assert await ask(linux, TASK, SERVER_AT, 8000) == NO_ANSWER


async def test_a_router_is_removed_once_nothing_needs_it(linux):
    router = linux.state / "run/netns/vpc-vpc-0"
    server_socket = await linux.runtime.listen(
        interface(CLIENT).vpc, interface(CLIENT).vpc_cidr, Endpoint(METADATA_ADDRESS, 80)
    )
    with server_socket:
        await prepare(linux, CLIENT)
        await linux.runtime.release(TASK)
        await linux.runtime.apply_network(NetworkSpec())
        assert router.exists()
    await prepare(linux, CLIENT)
    await linux.runtime.apply_network(NetworkSpec())
    assert router.exists()
    await linux.runtime.release(TASK)
    await linux.runtime.apply_network(NetworkSpec())
    assert not router.exists()
    await prepare(linux, CLIENT)


async def test_forged_source_addresses_are_dropped(linux):
    await three(
        linux, grouped_network(TrafficPermission("-1", groups=(WEB,)), TrafficPermission("-1", groups=(STRANGERS,)))
    )
    await linux.runtime.start(python(HEARER, "hearer", OTHER))
    await wait_for_output(linux, "up", OTHER, "hearer")
    own, sources = interface(STRANGER).address, (CLIENT_AT, "172.31.0.1", "172.31.0.2", "127.0.0.1", "8.8.8.8")
    forged = FORGED.format(
        to=SERVER_AT, mac=interface(STRANGER).mac, other_mac=interface(CLIENT).mac, sources=(*sources, own)
    )
    await linux.runtime.start(python(forged, "forger", THIRD))
    await wait_for_output(linux, own, OTHER, "hearer")
    assert set(await output(linux, OTHER, "hearer")) == {"up", own}


# ---------------------------------------------------------------------------------------------------------- peerings


def elsewhere(number: int, vpc: str, net: str) -> SandboxSpec:
    """A sandbox in another VPC, whose range is ``net.0.0/16``."""
    spec = sandbox(number, vpc=vpc)
    network = replace(
        interface(spec), vpc_cidr=f"{net}.0.0/16", subnet_cidr=f"{net}.1.0/24", address=f"{net}.1.{10 + number}"
    )
    return replace(spec, network=network)


FAR = elsewhere(2, "vpc-1", "10.1")
FURTHER = elsewhere(3, "vpc-2", "10.2")
FAR_AT = interface(FAR).address


def peered_network(*pairs: tuple[str, str], routes: tuple[tuple[str, str, str], ...]) -> NetworkSpec:
    """CLIENT, FAR and FURTHER, who let everybody in. ``pairs``: VPCs; ``routes``: VPC, destination, pair."""
    new_spec = network_of(CLIENT, FAR, FURTHER)
    peerings = tuple(Peering(f"pcx-{one}-{other}", (VpcId(one), VpcId(other))) for one, other in pairs)
    subnets = {interface(spec).vpc: interface(spec).subnet_cidr for spec in (CLIENT, FAR, FURTHER)}
    vpcs = tuple(
        replace(v, routes=tuple(NetworkRoute(subnets[v.vpc], to, f"pcx-{by}") for at, to, by in routes if at == v.vpc))
        for v in new_spec.vpcs
    )
    return NetworkSpec(vpcs, peerings, tuple(replace(g, ingress=(ANYWHERE,)) for g in new_spec.groups))


BOTH_WAYS = (("vpc-0", "10.1.0.0/16", "vpc-0-vpc-1"), ("vpc-1", "172.31.0.0/16", "vpc-0-vpc-1"))
PAIR = ("vpc-0", "vpc-1")
ON = (("vpc-1", "10.2.0.0/16", "vpc-1-vpc-2"), ("vpc-2", "172.31.0.0/16", "vpc-1-vpc-2"))


async def test_a_peering_needs_routes_on_both_sides_and_is_not_transitive(linux):
    far_server, further_server = FAR.task, FURTHER.task
    await prepare(linux, CLIENT, FAR, FURTHER)
    await linux.runtime.apply_network(peered_network(routes=()))
    await serve(linux, far_server, 8000, 8001, 8002)
    await serve(linux, further_server, 8000)
    assert await ask(linux, TASK, FAR_AT, 8000) == "OSError"
    await linux.runtime.apply_network(peered_network(PAIR, routes=BOTH_WAYS[:1]))
    assert await ask(linux, TASK, FAR_AT, 8001) == NO_ANSWER
    through = (("vpc-0", "10.2.0.0/16", "vpc-0-vpc-1"), *ON)
    await linux.runtime.apply_network(peered_network(PAIR, ("vpc-1", "vpc-2"), routes=(*BOTH_WAYS, *through)))
    assert await ask(linux, TASK, FAR_AT, 8002) == "8002"
    await wait_for_output(linux, f"8002 from {CLIENT_AT}", far_server)
    assert await ask(linux, TASK, interface(FURTHER).address, 8000) == NO_ANSWER


async def test_connections_end_with_their_peering(linux):
    await prepare(linux, CLIENT, FAR)
    await linux.runtime.apply_network(peered_network(PAIR, routes=BOTH_WAYS))
    await linux.runtime.start(python(ECHO, "echo", FAR.task))
    await wait_for_output(linux, "up", FAR.task, "echo")
    await linux.runtime.start(python(TALKER.format(address=FAR_AT, port=9000), "talker"))
    await wait_for_output(linux, "said 1", name="talker")
    await linux.runtime.apply_network(peered_network(PAIR, routes=BOTH_WAYS))
    await goes_on(linux)
    await linux.runtime.apply_network(peered_network(routes=()))
    await wait_for_output(linux, "cut", name="talker")


async def test_rules_can_refer_to_groups_of_a_peered_vpc(linux):
    network = peered_network(PAIR, routes=BOTH_WAYS)
    near, far, *others = network.groups
    await prepare(linux, CLIENT, FAR)
    only_near = replace(far, ingress=(TrafficPermission("tcp", 8000, 8000, groups=(near.id,)),))
    await linux.runtime.apply_network(replace(network, groups=(near, only_near, *others)))
    await serve(linux, FAR.task, 8000, 8001)
    assert await ask(linux, TASK, FAR_AT, 8000) == "8000"
    assert await ask(linux, TASK, FAR_AT, 8001) == NO_ANSWER
