"""A front proxy's network: many addresses behind one link, and no task that can take one of them."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from moyai.domain.elb.front import proxied_address
from moyai.domain.sandbox.network import SubnetAddress
from moyai.domain.sandbox.network_spec import (
    AclRule,
    GroupRules,
    Interface,
    NetworkSpec,
    PublishedPort,
    SubnetAcl,
    TrafficPermission,
    VpcSpec,
)
from moyai.kernel.ids import SecurityGroupId, TaskId, VpcId
from tests.contract.runtime.adapters import (
    ANYWHERE,
    LinuxAdapter,
    dual_stack,
    front,
    interface,
    network_of,
    nodes,
    sandbox,
)
from tests.e2e.linux_tasks import output, run, wait_for_output
from tests.e2e.test_linux_runtime_ipv6 import LISTENER, ipv6_of
from tests.e2e.test_linux_runtime_network import ask, listener, python

pytestmark = [pytest.mark.e2e, pytest.mark.root]

VPC = VpcId("vpc-0")
FRONT, TASK, OTHER = front("172.31.0.20", number=5), sandbox(1), sandbox(2)
FIRST, SECOND, THIRD = "172.31.0.20", "172.31.0.21", "172.31.0.22"
PROXIED = proxied_address(FIRST)
CLIENTS, BALANCER, CLOSED = map(SecurityGroupId, ("sg-clients", "sg-balancer", "sg-closed"))

SOURCED = """
import socket, sys
link = socket.socket()
link.setsockopt(socket.SOL_IP, 19, 1)  # IP_TRANSPARENT
link.bind((sys.argv[1], 0))
link.settimeout(1)
try:
    link.connect((sys.argv[2], int(sys.argv[3])))
    link.settimeout(60)
    print(link.recv(9).decode() or 'closed')
except OSError as error:
    print(type(error).__name__)
"""


def networks(*addresses: str, node_group: SecurityGroupId = BALANCER) -> NetworkSpec:
    """A front proxy with nodes at these addresses, and two tasks; nodes accept tasks, and tasks accept nodes."""
    tasks = [Interface(spec.task, interface(spec).address, (CLIENTS,)) for spec in (TASK, OTHER)]
    own = [Interface(FRONT.task, address, (node_group,)) for address in addresses]
    clients = tuple(entry.address for entry in tasks)
    return NetworkSpec(
        (VpcSpec(VPC, "172.31.0.0/16", interfaces=(*tasks, *own)),),
        groups=(
            GroupRules(CLIENTS, (TrafficPermission("-1", groups=(BALANCER,)),), (ANYWHERE,), clients),
            GroupRules(BALANCER, (TrafficPermission("-1", groups=(CLIENTS,)),), (ANYWHERE,), addresses),
            GroupRules(CLOSED, (), (), ()),
        ),
    )


async def serve_front(linux: LinuxAdapter, *addresses: str) -> None:
    """Both tasks, and a front proxy at these addresses in whose place a program listens everywhere."""
    await linux.runtime.apply_network(networks(*addresses))
    for spec in (front(*addresses, PROXIED, number=5), TASK, OTHER):
        await linux.runtime.prepare(spec)
    await linux.runtime.start(python(listener(80), task=FRONT.task))
    await wait_for_output(linux, "up", FRONT.task)


async def connect_from(linux: LinuxAdapter, task: TaskId, source: str, to: str, port: int, name: str) -> str:
    """The answer to a program of the task that binds its socket to the source address."""
    container = python("", name=name, task=task)
    _, lines = await run(
        linux,
        type(container)(
            **_fields(container)
            | {
                "command": ("python3", "-c", SOURCED, source, to, str(port)),
            }
        ),
    )
    return lines[0]


def _fields(value):
    return {name: getattr(value, name) for name in value.__struct_fields__}


async def test_every_address_of_a_front_proxy_is_reached(linux):
    await serve_front(linux, FIRST, SECOND)
    for address in (FIRST, SECOND):
        assert await ask(linux, TASK.task, address, 80) == "80"
    await wait_for_output(linux, f"80 from {interface(TASK).address}", FRONT.task)


async def test_addresses_come_and_go_without_disturbing_the_others(linux):
    await serve_front(linux, FIRST, SECOND)
    await linux.runtime.apply_network(networks(SECOND, THIRD))
    await linux.runtime.set_addresses(FRONT.task, nodes(SECOND, THIRD))
    assert await ask(linux, TASK.task, THIRD, 80) == "80"
    assert await ask(linux, TASK.task, SECOND, 80) == "80"
    assert await ask(linux, TASK.task, FIRST, 80) != "80"


async def test_ipv6_addresses_come_and_go(linux):
    caller, ipv6 = dual_stack(TASK), "fd00:0:0:1::20"
    spec = network_of(caller)
    (vpc,), (group,) = spec.vpcs, spec.groups
    own = Interface(FRONT.task, FIRST, (group.id,), ipv6_address=ipv6)
    vpc = replace(vpc, interfaces=(*vpc.interfaces, own))
    group = replace(group, members=(*group.members, FIRST, ipv6))
    await linux.runtime.apply_network(replace(spec, vpcs=(vpc,), groups=(group,)))
    for sandbox_spec in (caller, FRONT):
        await linux.runtime.prepare(sandbox_spec)
    await linux.runtime.start(python(LISTENER.format(ports=(80,)), task=FRONT.task))
    await wait_for_output(linux, "up", FRONT.task)
    await linux.runtime.set_addresses(FRONT.task, (*nodes(FIRST), SubnetAddress(ipv6, "fd00:0:0:1::/64")))
    assert await ask(linux, TASK.task, ipv6, 80) == "80"
    await wait_for_output(linux, f"80 from {ipv6_of(caller)}", FRONT.task)
    await linux.runtime.set_addresses(FRONT.task, nodes(FIRST))
    assert await ask(linux, TASK.task, ipv6, 80, time=2) != "80"
    assert await ask(linux, TASK.task, FIRST, 80) == "80"


async def test_targets_see_the_node_that_calls_them(linux):
    await serve_front(linux, FIRST, SECOND)
    await linux.runtime.start(python(listener(8080), task=TASK.task))
    await wait_for_output(linux, "up", TASK.task)
    told = await connect_from(linux, FRONT.task, SECOND, interface(TASK).address, 8080, "call")
    assert told == "8080"
    await wait_for_output(linux, f"8080 from {SECOND}", TASK.task)


async def test_security_groups_decide_who_reaches_a_node(linux):
    await serve_front(linux, FIRST, SECOND)
    await linux.runtime.apply_network(networks(FIRST, SECOND, node_group=CLOSED))
    assert await ask(linux, TASK.task, FIRST, 80) != "80"


async def test_no_task_reaches_the_address_with_proxy_headers(linux):
    await serve_front(linux, FIRST)
    assert await ask(linux, TASK.task, PROXIED, 80) != "80"
    assert not any(line.startswith("80 from") for line in await output(linux, FRONT.task))


async def test_no_task_can_call_as_a_node(linux):
    await serve_front(linux, FIRST)
    await linux.runtime.start(python(listener(8080), task=OTHER.task))
    await wait_for_output(linux, "up", OTHER.task)
    for number, forged in enumerate((FIRST, PROXIED)):
        told = await connect_from(linux, TASK.task, forged, interface(OTHER).address, 8080, f"forge-{number}")
        assert told != "8080"
    assert not any(line.startswith("8080 from") for line in await output(linux, OTHER.task))


async def test_a_call_in_the_name_of_a_client_does_not_cross_the_border_of_the_clients_subnet(linux):
    await serve_front(linux, FIRST)
    client, target = interface(TASK).address, interface(OTHER).address
    admitted = (AclRule(True, "-1", f"{FIRST}/32"),)
    spec = networks(FIRST)
    everybody = GroupRules(CLIENTS, (ANYWHERE,), (ANYWHERE,), (client, target))
    (vpc,) = spec.vpcs
    vpc = replace(vpc, acls=(SubnetAcl((f"{client}/32",), admitted, admitted),))
    await linux.runtime.apply_network(replace(spec, vpcs=(vpc,), groups=(everybody, *spec.groups[1:])))
    await linux.runtime.start(python(listener(8080), task=OTHER.task))
    await wait_for_output(linux, "up", OTHER.task)
    assert await connect_from(linux, TASK.task, client, target, 8080, "direct") != "8080"
    assert await connect_from(linux, FRONT.task, client, target, 8080, "by-front") == "8080"
    await wait_for_output(linux, f"8080 from {client}", OTHER.task)


async def test_this_machine_reaches_a_public_node_with_a_proxy_header(linux):
    await serve_front(linux, FIRST)
    program = """
import socket
server = socket.create_server(('0.0.0.0', 81))
print('up', flush=True)
while True:
    link, peer = server.accept()
    print(peer[0], link.recv(99).hex(), flush=True)
    link.close()
"""
    await linux.runtime.start(python(program, name="headers", task=FRONT.task))
    await wait_for_output(linux, "up", FRONT.task, "headers")
    public = "127.83.211.9"
    await linux.runtime.publish([PublishedPort(FRONT.task, public, VPC, PROXIED, 81, proxy_header=True)])
    signature = "0d0a0d0a000d0a515549540a"

    async def tells_the_client() -> bool:
        await _touch(public, 81)
        lines = await output(linux, FRONT.task, "headers")
        return any(f" {signature}" in line and "7f000001" in line for line in lines)

    await linux.until(tells_the_client)


async def _touch(address: str, port: int) -> None:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return
    writer.write(b"hello")
    writer.close()
