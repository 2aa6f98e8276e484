"""Tasks reach each other through their proxies, and the host's network does not change."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from pyroute2 import IPRoute

from moyai.domain.sandbox.network import Intercept
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import METADATA_ADDRESS, Endpoint
from tests.contract.runtime.adapters import OTHER, PATIENCE, TASK, LinuxAdapter, network_of, sandbox
from tests.e2e.linux_tasks import run, shell, wait_for_output

pytestmark = [pytest.mark.e2e, pytest.mark.root]

THIRD = TaskId(f"{3:032x}")
VPC = VpcId("vpc-0")
INTERCEPT = Intercept("127.255.0.0/16", egress_port=15001, ingress_port=15000, inbound_ports=(8080,))


def listener(*ports: int) -> str:
    """Accepts on each port, sends each client the port that it reached, and prints where it came from."""
    return f"""
import selectors, socket
look = selectors.DefaultSelector()
for port in {ports}:
    look.register(socket.create_server(('0.0.0.0', port)), selectors.EVENT_READ, port)
print('up', flush=True)
while True:
    for key, _ in look.select():
        link, peer = key.fileobj.accept()
        link.send(str(key.data).encode())
        link.close()
        print(key.data, 'from', peer[0], flush=True)
"""


def client(address: str, port: int) -> str:
    """Connects and prints what the server sends, or that it could not.

    The kernel accepts the connection at once, or drops the packet; the server may take long to answer.
    """
    return f"""
import socket
try:
    link = socket.create_connection(('{address}', {port}), timeout=1)
    link.settimeout({PATIENCE})
    print(link.recv(9).decode() or 'closed')
except OSError as error:
    print(type(error).__name__)
"""


def python(program: str, name: str = "app", task: TaskId = TASK):
    return shell("", name=name, task=task, command=("python3", "-c", program))


async def ask(linux: LinuxAdapter, task: TaskId, address: str, port: int, *, time: int = 1) -> str:
    """What the server at this address sends a new container of the task. ``time``: which call it is, of several."""
    name = f"ask-{address.replace('.', '-').replace(':', '_')}-{port}-{time}"
    _, lines = await run(linux, python(client(address, port), name=name, task=task))
    return lines[0]


async def prepare(linux: LinuxAdapter, *specs: SandboxSpec) -> None:
    """These tasks, which may call each other within their VPC."""
    await linux.runtime.apply_network(network_of(*specs))
    for spec in specs:
        await linux.runtime.prepare(spec)


async def serve(linux: LinuxAdapter, task: TaskId, *ports: int) -> None:
    await linux.runtime.start(python(listener(*ports), task=task))
    await wait_for_output(linux, "up", task)


async def test_tasks_of_a_vpc_reach_each_other_also_across_subnets(linux):
    far = sandbox(2)
    network = {"subnet_cidr": "172.31.16.0/20", "address": "172.31.16.12"}
    far = type(far)(
        OTHER, type(far.network)(**{f: getattr(far.network, f) for f in far.network.__struct_fields__} | network)
    )
    await prepare(linux, sandbox(1), far)
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, "172.31.0.11", 8080) == "8080"
    await wait_for_output(linux, "8080 from 172.31.16.12")


async def test_vpcs_with_the_same_range_are_isolated(linux):
    await prepare(linux, sandbox(1), sandbox(2, vpc="vpc-1"))
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, "172.31.0.11", 8080) != "8080"


async def test_only_inbound_traffic_from_other_tasks_goes_to_the_proxy(linux):
    await prepare(linux, sandbox(1, intercept=INTERCEPT), sandbox(2))
    await serve(linux, TASK, 8080, 9090, INTERCEPT.ingress_port, INTERCEPT.egress_port)
    assert await ask(linux, OTHER, "172.31.0.11", 8080) == "15000"
    assert await ask(linux, OTHER, "172.31.0.11", 9090) == "9090"
    assert await ask(linux, TASK, "127.0.0.1", 8080) == "8080"
    assert await ask(linux, TASK, "172.31.0.11", 8080) == "8080"


async def test_traffic_to_a_virtual_address_goes_to_the_tasks_own_proxy(linux):
    await prepare(linux, sandbox(1, intercept=INTERCEPT), sandbox(2))
    await serve(linux, TASK, 8080, INTERCEPT.egress_port)
    assert await ask(linux, TASK, "127.255.0.1", 8080) == "15001"
    assert await ask(linux, TASK, "127.255.3.9", 80) == "15001"
    assert await ask(linux, TASK, "127.0.0.1", 8080) == "8080"
    assert await ask(linux, OTHER, "172.31.0.11", INTERCEPT.egress_port) == "ConnectionRefusedError"


async def test_an_address_of_a_new_task_is_reached_at_once(linux):
    await prepare(linux, sandbox(1), sandbox(2))
    await serve(linux, TASK, 8080)
    assert await ask(linux, OTHER, "172.31.0.11", 8080) == "8080"
    await linux.runtime.release(TASK)
    again = sandbox(1)
    network = {f: getattr(again.network, f) for f in again.network.__struct_fields__} | {"mac": "02:00:00:00:00:99"}
    await prepare(linux, type(again)(THIRD, type(again.network)(**network)), sandbox(2))
    await serve(linux, THIRD, 8081)
    assert await ask(linux, OTHER, "172.31.0.11", 8081) == "8081"


async def test_the_metadata_address_is_reached_from_the_vpc_with_the_callers_address(linux):
    await linux.runtime.prepare(sandbox(1))
    server_socket = await linux.runtime.listen(VPC, "172.31.0.0/16", Endpoint(METADATA_ADDRESS, 80))
    with server_socket:
        background_task = asyncio.create_task(_answer_once(server_socket))
        assert await ask(linux, TASK, "169.254.170.2", 80) == "metadata"
        assert await background_task == "172.31.0.11"


async def _answer_once(server_socket: socket.socket) -> str:
    loop = asyncio.get_running_loop()
    link, peer = await loop.sock_accept(server_socket)
    with link:
        await loop.sock_sendall(link, b"metadata")
    return str(peer[0])


async def test_public_addresses_reach_tasks_through_their_proxies(linux):
    await linux.runtime.prepare(sandbox(1, intercept=INTERCEPT))
    await serve(linux, TASK, 8080, 9090, INTERCEPT.ingress_port)
    public = f"127.83.{os.getpid() % 250}.1"
    with socket.create_server((public, 9090)):  # somebody on the host has that one
        ports = [PublishedPort(TASK, public, VPC, "172.31.0.11", port) for port in (9090, 8080)]
        await linux.runtime.publish(ports)
        await linux.until(lambda: _answers(public, 8080, "15000"))
        await wait_for_output(linux, "15000 from 172.31.0.1")
    await linux.runtime.publish([PublishedPort(TASK, public, VPC, "172.31.0.11", 9090)])
    await linux.until(lambda: _answers(public, 8080, ""))
    await linux.until(lambda: _answers(public, 9090, "9090"))


async def test_a_port_that_was_in_use_is_reported_and_opened_by_a_later_publication_of_the_same_ports(linux):
    await linux.runtime.prepare(sandbox(1))
    await serve(linux, TASK, 8080, 9090)
    public = f"127.83.{os.getpid() % 250}.4"
    ports = [PublishedPort(TASK, public, VPC, "172.31.0.11", port) for port in (9090, 8080)]
    with socket.create_server((public, 9090)):
        await linux.runtime.publish(ports)
        await linux.until(lambda: _has_failures(linux, f"{public}:9090"))
        await linux.until(lambda: _answers(public, 8080, "8080"))
        before = await asyncio.open_connection(public, 8080)
    await linux.runtime.publish(ports)
    await linux.until(lambda: _answers(public, 9090, "9090"))
    assert await linux.runtime.public_port_failures() == {}
    assert await before[0].read(16) == b"8080", "the ports that are open stay open"
    before[1].close()


async def _has_failures(linux: LinuxAdapter, *subjects: str) -> bool:
    failures = await linux.runtime.public_port_failures()
    return failures.keys() == set(subjects) and all("in use" in reason for reason in failures.values())


async def _answers(address: str, port: int, expected: str) -> bool:
    try:
        reader, writer = await asyncio.open_connection(address, port)
        answer = (await reader.read(16)).decode()
        writer.close()
    except OSError:
        return not expected
    return answer == expected


async def test_the_hosts_network_does_not_change(linux):
    before = await asyncio.to_thread(_host_network)
    await linux.runtime.prepare(sandbox(1, intercept=INTERCEPT))
    assert await asyncio.to_thread(_host_network) == before


def _host_network() -> tuple[list[str], list[str], str]:
    with IPRoute() as links, open("/proc/sys/net/ipv4/ip_forward") as forward:  # noqa: PTH123
        names = [str(link.get_attr("IFLA_IFNAME")) for link in links.get_links()]
        routes = sorted(str(route["attrs"]) for route in links.get_routes())
        return names, routes, forward.read()
