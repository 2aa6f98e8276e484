"""Network modes of container instances: bridge, host and none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import Forward, Intercept
from moyai.domain.sandbox.network_spec import TrafficPermission
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import METADATA_ADDRESS, Endpoint
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.runtime_paths import RuntimePaths
from tests.contract.runtime.adapters import (
    OTHER,
    TASK,
    LinuxAdapter,
    alone,
    behind,
    default_group,
    in_host,
    instance,
    interface,
    network_of,
    sandbox,
)
from tests.e2e.linux_tasks import run, shell, wait_for_output
from tests.e2e.test_linux_runtime_network import THIRD, ask, prepare, python, serve

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FLOOD = Path(__file__).with_name("apps") / "flood.py"
HOST, FAR = instance(9), instance(8)
HOST_AT, FAR_AT = interface(HOST).address, interface(FAR).address
FOURTH = TaskId(f"{4:032x}")
INTERCEPT = Intercept("127.255.0.0/16", egress_port=15001, ingress_port=15000, inbound_ports=(8080,))

SPOOFER = """
import socket, struct, sys
def checksum(raw):
    total = sum(struct.unpack(f'!{len(raw) // 2}H', raw))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
to, port = sys.argv[1], int(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for source in sys.argv[3:]:
    body = struct.pack('!HHHH', 4000, port, 8 + len(source), 0) + source.encode()
    ends = socket.inet_aton(source), socket.inet_aton(to)
    head = struct.pack('!BBHHHBBH4s4s', 69, 0, 20 + len(body), 1, 0, 64, 17, 0, *ends)
    try:
        raw.sendto(head + body, (to, 0))
    except PermissionError:
        continue
print('sent', flush=True)
"""

HEARER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 5000))
print('up', flush=True)
while True:
    text, peer = s.recvfrom(99)
    print(text.decode(), 'from', peer[0], flush=True)
    s.sendto(b'heard', peer)
"""


async def up(linux: LinuxAdapter, *specs, among=()) -> None:
    """Instances first, then those in them; only what has an interface is in the network specification."""
    await prepare(linux, HOST, FAR, *among)
    for spec in specs:
        await linux.runtime.prepare(spec)


async def test_a_bridge_task_answers_only_at_the_instances_forwarded_port(linux):
    await up(linux, behind(HOST, 1, Forward(32768, 80)), behind(HOST, 2), behind(FAR, 3), among=(sandbox(4),))
    await serve(linux, TASK, 80, 81)
    assert await ask(linux, FOURTH, HOST_AT, 32768) == "80"  # from the VPC
    assert await ask(linux, THIRD, HOST_AT, 32768) == "80"  # from behind another instance
    await wait_for_output(linux, f"80 from {FAR_AT}")
    assert await ask(linux, OTHER, HOST_AT, 32768) == "80"  # from a neighbour, by way of the instance
    assert await ask(linux, TASK, HOST_AT, 32768) == "80"  # from itself
    assert await ask(linux, OTHER, "172.17.0.11", 81) == "81"  # as behind Docker's bridge
    for stranger in (THIRD, FOURTH):
        assert await ask(linux, stranger, "172.17.0.11", 80) != "80"
    assert await ask(linux, FOURTH, HOST_AT, 80) != "80"
    assert await ask(linux, FOURTH, FAR_AT, 32768) != "80"


async def test_port_ranges_and_udp_are_forwarded_port_by_port(linux):
    await up(linux, behind(HOST, 1, Forward(40000, 7000, count=3), Forward(40000, 5000, "udp")), among=(sandbox(4),))
    await serve(linux, TASK, 7000, 7002)
    assert await ask(linux, FOURTH, HOST_AT, 40000) == "7000"
    assert await ask(linux, FOURTH, HOST_AT, 40002) == "7002"
    assert await ask(linux, FOURTH, HOST_AT, 40001) == "ConnectionRefusedError"
    await linux.runtime.start(python(HEARER, name="hearer", task=TASK))
    await wait_for_output(linux, "up", TASK, "hearer")
    sends = f"import socket; s = socket.socket(2, 2); s.settimeout(60); s.sendto(b'hi', ('{HOST_AT}', 40000))"
    asks = f"{sends}; print(s.recv(9))"
    _, lines = await run(linux, python(asks, task=FOURTH))
    assert lines == ["b'heard'"]


async def test_a_host_task_has_the_instances_ports_and_reaches_bridge_tasks(linux):
    await up(linux, in_host(HOST, 1), behind(HOST, 2, Forward(32768, 80)), among=(sandbox(4),))
    await serve(linux, TASK, 9090)
    await serve(linux, OTHER, 80)
    assert await ask(linux, FOURTH, HOST_AT, 9090) == "9090"
    assert await ask(linux, OTHER, HOST_AT, 9090) == "9090"
    assert await ask(linux, TASK, HOST_AT, 32768) == "80"
    await linux.runtime.release(TASK)
    assert await ask(linux, FOURTH, HOST_AT, 9090, time=2) != "9090"
    assert await ask(linux, FOURTH, HOST_AT, 32768) == "80"  # the instance stays


async def test_a_port_is_free_after_its_task_even_if_that_was_incomplete(linux):
    first, second = behind(HOST, 1, Forward(8080, 80)), behind(HOST, 2, Forward(8080, 80))
    await up(linux, first, among=(sandbox(4),))
    await serve(linux, TASK, 80)
    whole = RuntimePaths(linux.state).sandbox(TASK)
    whole.rename(whole.with_name("sandbox.new"))
    await linux.runtime.release(TASK)
    await linux.runtime.prepare(second)
    await serve(linux, OTHER, 80)
    assert await ask(linux, FOURTH, HOST_AT, 8080) == "80"


async def test_a_task_without_a_network_has_only_loopback(linux):
    await up(linux, alone(1))
    await serve(linux, TASK, 80)
    assert await ask(linux, TASK, "127.0.0.1", 80) == "80"
    assert await ask(linux, TASK, HOST_AT, 80) == "OSError"


async def test_a_bridge_task_has_the_instances_security_groups(linux):
    strangers = sandbox(5, vpc="vpc-1")
    await up(linux, behind(HOST, 1), among=(sandbox(4), strangers))
    await serve(linux, FOURTH, 8000, 8001)
    await serve(linux, strangers.task, 8000)
    assert await ask(linux, TASK, interface(strangers).address, 8000) != "8000"
    spec = network_of(HOST, FAR, sandbox(4), strangers)
    ours = default_group(interface(HOST).vpc)
    groups = tuple(
        replace(g, egress=(TrafficPermission("tcp", 8001, 8001, groups=(ours,)),)) if g.id == ours else g
        for g in spec.groups
    )
    await linux.runtime.apply_network(replace(spec, groups=groups))
    assert await ask(linux, TASK, interface(sandbox(4)).address, 8001) == "8001"
    assert await ask(linux, TASK, interface(sandbox(4)).address, 8000) != "8000"


async def test_forged_source_addresses_of_bridge_and_host_tasks_are_dropped(linux):
    await up(linux, behind(HOST, 1), in_host(HOST, 2), behind(FAR, 3), among=(sandbox(4),))
    await linux.runtime.start(python(HEARER, task=FOURTH))
    await wait_for_output(linux, "up", FOURTH)
    target = interface(sandbox(4)).address
    for task in (TASK, OTHER):
        own = "172.17.0.11" if task == TASK else HOST_AT
        names = (FAR_AT, "172.17.0.13", "127.0.0.1", "8.8.8.8", own)
        await run(linux, shell("", task=task, command=("python3", "-c", SPOOFER, target, "5000", *names)))
        await wait_for_output(linux, f"{own} from {HOST_AT}", FOURTH)
    texts = [line.text async for line in linux.runtime.logs(FOURTH, "app")]
    assert {line.rpartition(" ")[2] for line in texts if line != "up"} == {HOST_AT}
    assert not {line.partition(" ")[0] for line in texts} & {FAR_AT, "127.0.0.1", "8.8.8.8"}


async def test_a_task_cannot_fill_its_instances_conntrack_table(linux):
    """Neither from behind it, with its own address, nor in it with others."""
    await up(linux, behind(HOST, 1), in_host(HOST, 2), among=(sandbox(4),))
    target, most = interface(sandbox(4)).address, conntrack_value(linux, "max")
    for task, source in ((TASK, "172.17.0.11"), (OTHER, HOST_AT), (OTHER, "198.18.0.0/16")):
        before = conntrack_value(linux, "count")
        command = ("python3", "-c", FLOOD.read_text(), str(most // 8), source, target)
        await run(linux, shell("", name=f"flood-{source.partition('/')[0]}", task=task, command=command))
        allowed = {TASK: most // 64, OTHER: most // 16}[task] if "/" not in source else 0
        assert conntrack_value(linux, "count") < before + allowed + 100


def conntrack_value(linux: LinuxAdapter, name: str) -> int:
    """A value of the kernel's about the connections that the instance's namespace tracks."""
    pin = linux.state / f"run/netns/task-{HOST.task}"
    words = ["nsenter", f"--net={pin}", "cat", f"/proc/sys/net/netfilter/nf_conntrack_{name}"]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


async def test_a_host_task_cannot_change_the_instances_network(linux):
    await up(linux, in_host(HOST, 1))
    tries = (
        "nft flush ruleset",
        "ip route del default",
        "ip addr add 172.31.0.99/20 dev eth0",
        "ip link set eth0 down",
        "echo 0 > /proc/sys/net/ipv4/ip_forward",
    )
    line = "; ".join(f"({one}) 2>/dev/null && echo did" for one in tries)
    _, lines = await run(linux, shell(f"{line}; echo end"))
    assert lines == ["end"]


async def test_bridge_and_host_tasks_reach_metadata_and_resolver(linux):
    await up(linux, behind(HOST, 1), in_host(HOST, 2))
    server_socket = await linux.runtime.listen(
        interface(HOST).vpc, interface(HOST).vpc_cidr, Endpoint(METADATA_ADDRESS, 80)
    )
    assert server_socket is not None
    with server_socket:
        for task in (TASK, OTHER):
            program = f"import socket; socket.create_connection(('{METADATA_ADDRESS}', 80), timeout=60); print('there')"
            _, lines = await run(linux, python(program, task=task))
            assert lines == ["there"]
            link, peer = server_socket.accept()
            link.close()
            assert peer[0] == HOST_AT
    _, lines = await run(linux, shell("cat /etc/resolv.conf; hostname", name="look", task=TASK))
    assert lines == ["nameserver 172.31.0.2", "search ec2.internal", "options attempts:2 timeout:2", "000000000001"]


async def test_a_bridge_task_can_have_a_proxy(linux):
    await up(linux, behind(HOST, 1, Forward(32768, 8080), intercept=INTERCEPT), among=(sandbox(4),))
    await serve(linux, TASK, 8080, INTERCEPT.ingress_port, INTERCEPT.egress_port)
    assert await ask(linux, FOURTH, HOST_AT, 32768) == "15000"
    assert await ask(linux, TASK, "127.255.0.1", 80) == "15001"
    await linux.runtime.reject_new_connections(TASK, [8080])
    assert await ask(linux, FOURTH, HOST_AT, 32768, time=2) == "ConnectionRefusedError"


async def test_an_instance_without_its_namespace_does_not_exist(linux):
    await up(linux)
    assert await linux.runtime.inspect(HOST.task) is not None
    namespaces.remove(RuntimePaths(linux.state).task_netns(HOST.task))
    assert await linux.runtime.inspect(HOST.task) is None
    await up(linux, behind(HOST, 1))
    assert await linux.runtime.inspect(HOST.task) is not None
