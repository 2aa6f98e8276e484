"""A machine within this one: a network namespace that plays the host, beside a Docker that forwards nothing.

It has a server on another machine (another namespace), and one on its own loopback. It runs three tasks, one with a
public UDP port, asks what they reach, and prints that with the host's network before and after, as JSON. It is told the
state directory on its standard input. Run it by ``unshare --net``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import OUTSIDE, UDP, NetworkRoute, NetworkSpec, PublishedPort
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.kernel.ids import VpcId
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance
from tests.contract.runtime.adapters import LinuxAdapter, interface, interface_of, network_of, sandbox
from tests.e2e.linux_tasks import output, run, shell

FAR, NEAR = "198.51.100.2", "198.51.100.1"
PORT = 8000
FREE, BOUND, STRANDED = sandbox(1), sandbox(2), sandbox(3, vpc="vpc-1")
CLIENT = """
import socket
try:
    print(socket.create_connection(('{address}', {port}), timeout={patience}).recv(64).decode() or 'closed')
except OSError as error:
    print(type(error).__name__)
"""
DATAGRAM = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout({patience})
    client.connect(('{address}', {port}))
    try:
        client.send(b'hello')
        print(client.recv(64).decode())
    except OSError as error:
        print(type(error).__name__)
"""
ECHO = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('', 9000))
while True:
    content, peer = server.recvfrom(64)
    print(content.decode(), flush=True)
    server.sendto(b'echo', peer)
"""
GATEWAY_PORT = 20000
PATIENT, BRIEF = 60, 2
"""Seconds for an answer that comes, however busy the machine is, and for one that does not."""
PUBLIC = PublishedPort(BOUND.task, "127.83.0.9", VpcId("vpc-0"), "172.31.0.12", 9000, protocol=UDP)
SERVER = f"""
import socket, threading
tcp = socket.create_server(('{FAR}', {PORT}))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('{FAR}', {PORT}))
print('up', flush=True)
def datagrams():
    while True:
        udp.sendto(b'datagram', udp.recvfrom(64)[1])
threading.Thread(target=datagrams, daemon=True).start()
while True:
    link, peer = tcp.accept()
    link.send(('far, for ' + peer[0]).encode())
    link.close()
"""


def be_a_host() -> subprocess.Popen[bytes]:
    """Have a link to another machine, and a firewall that forwards nothing. The server there."""
    far = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", 'read go; ip link set lo up; exec "$0" -c "$1"', sys.executable, SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert far.stdin is not None
    assert far.stdout is not None
    while Path(f"/proc/{far.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        os.sched_yield()
    for line in (
        "ip link set lo up",
        f"ip link add far type veth peer name near netns {far.pid}",
        "ip link set far addrgenmode none",  # else the kernel adds routes of IPv6 some time later
        f"ip addr add {NEAR}/24 dev far",
        "ip link set far up",
        f"nsenter --target {far.pid} --net ip addr add {FAR}/24 dev near",
        f"nsenter --target {far.pid} --net ip link set near up",
        "nft add table ip filter",
        "nft add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }",
    ):
        subprocess.run(line.split(), check=True)
    far.stdin.write(b"go\n")
    far.stdin.flush()
    assert far.stdout.readline() == b"up\n"
    return far


def on_loopback() -> int:
    """A server that only this host's own programs reach; its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            link, _ = server.accept()
            with link:
                link.send(b"loopback")

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def host_network() -> dict[str, str]:
    """Firewall, routes, links and settings."""
    network = {
        " ".join(command): subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for command in (["nft", "list", "ruleset"], ["ip", "route", "show", "table", "all"], ["ip", "rule"])
    }
    network["links"] = str(sorted(name for _, name in socket.if_nameindex()))
    return network | {
        str(path): path.read_bytes().decode()
        for path in sorted(Path("/proc/sys/net").glob("ipv4/**/*"))
        if path.is_file() and os.access(path, os.R_OK) and path.stat().st_mode & 0o400
    }


def egress_network(*, free: bool) -> NetworkSpec:
    """FREE may go out or may not, BOUND may not though its subnet has the route, STRANDED has none."""
    spec = network_of(FREE, BOUND, STRANDED)
    first, second = spec.vpcs
    routes = (NetworkRoute(interface(FREE).subnet_cidr, "0.0.0.0/0", OUTSIDE),)
    first = replace(first, routes=routes, interfaces=(interface_of(FREE, outside=free), interface_of(BOUND)))
    second = replace(second, interfaces=(interface_of(STRANDED, outside=True),))
    return replace(spec, vpcs=(first, second))


async def run_program(linux: LinuxAdapter, name: str, spec: SandboxSpec, program: str) -> str:
    command = ("python3", "-c", program)
    _, lines = await run(linux, shell("", name=name, task=spec.task, command=command))
    return lines[0] if lines else "nothing"


PASTA, GATEWAY, DATAGRAMS = "outside/outside-vpc-0", "gateway", "datagrams/datagrams-vpc-0"
"""The directories of what leads FREE outside, of the gateway of public TCP ports, and of that of UDP ports."""


def record(linux: LinuxAdapter, directory: str) -> dict[str, Any]:
    """The record of a system container."""
    return dict(json.loads((linux.state / "run" / directory / "container/state.json").read_text()))


async def kill(linux: LinuxAdapter, directory: str) -> None:
    """SIGKILL to a system container, and wait until it is written down."""
    os.kill(record(linux, directory)["init"], signal.SIGKILL)

    async def has_stopped() -> bool:
        return bool(record(linux, directory)["phase"] == "stopped")

    await linux.until(has_stopped)


def answer_to_datagram(address: str, port: int) -> str:
    """The answer to a datagram of this host; empty without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect((address, port))
        try:
            client.send(b"from the host")
            return client.recv(64).decode()
        except OSError:
            return ""


async def public_datagrams(linux: LinuxAdapter) -> dict[str, object]:
    """Who reaches a public UDP port at the machine's gateway port, and what is left when nothing is public any more."""
    await linux.runtime.start(shell("", name="echo", task=BOUND.task, command=("python3", "-c", ECHO)))
    unopened: list[str] = []

    async def is_reported() -> bool:
        unopened[:] = await linux.runtime.public_port_failures()
        return bool(unopened)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", GATEWAY_PORT))  # noqa: S104
        await linux.runtime.publish([PUBLIC])
        await linux.until(is_reported)
    await linux.runtime.publish([PUBLIC])

    async def is_answered() -> bool:
        return await asyncio.to_thread(answer_to_datagram, "127.0.0.1", GATEWAY_PORT) == "echo"

    await linux.until(is_answered)
    program = DATAGRAM.format(address=NEAR, port=GATEWAY_PORT, patience=BRIEF)
    report: dict[str, object] = {"unopened": unopened}
    report["by a task"] = await run_program(linux, "gateway", FREE, program)
    report["seen"] = sorted(set(await output(linux, BOUND.task, "echo")))
    before = record(linux, DATAGRAMS)["init"]
    await kill(linux, GATEWAY)
    await linux.runtime.publish([PUBLIC])
    report["goes on"] = record(linux, DATAGRAMS)["init"] == before and record(linux, GATEWAY)["phase"] == "running"
    await linux.runtime.publish([])
    places = (linux.state / "run/datagrams").iterdir(), (linux.state / "logs").glob("datagrams-*")
    return report | {"left": [path.name for place in places for path in place]}


async def main(state: Path) -> dict[str, object]:
    """Answer the tasks."""
    far, port = be_a_host(), on_loopback()
    linux = LinuxAdapter(state, GatewayEntrance("0.0.0.0", range(GATEWAY_PORT, GATEWAY_PORT + 1)))  # noqa: S104
    report: dict[str, object] = {"before": host_network()}
    to_far = CLIENT.format(address=FAR, port=PORT, patience=PATIENT)
    cut_off = CLIENT.format(address=FAR, port=PORT, patience=BRIEF)
    by_datagram = DATAGRAM.format(address=FAR, port=PORT, patience=PATIENT)
    try:
        await linux.runtime.apply_network(egress_network(free=True))
        for spec in (FREE, BOUND, STRANDED):
            await linux.runtime.prepare(spec)
        report["during"] = host_network()
        report["free"] = await run_program(linux, "free", FREE, to_far)
        report["free, datagrams"] = await run_program(linux, "datagrams", FREE, by_datagram)
        report["public datagrams"] = await public_datagrams(linux)
        report["bound"] = await run_program(linux, "bound", BOUND, cut_off)
        report["stranded"] = await run_program(linux, "stranded", STRANDED, cut_off)
        for number, address in enumerate(("127.0.0.1", "192.0.0.1", "192.0.0.2", "172.31.0.1", "169.254.1.1")):
            report[f"loopback by {address}"] = await run_program(
                linux, f"loopback-{number}", FREE, CLIENT.format(address=address, port=port, patience=BRIEF)
            )
        await kill(linux, PASTA)
        report["without pasta"] = await run_program(linux, "cut", FREE, cut_off)
        await linux.runtime.apply_network(egress_network(free=True))
        report["mended"] = await run_program(linux, "mended", FREE, to_far)
        pid = record(linux, PASTA)["keeper"]
        again = linux.another_runtime()
        await again.apply_network(egress_network(free=True))
        report["found again"] = record(linux, PASTA)["keeper"] == pid
        report["after a restart"] = await run_program(linux, "restarted", FREE, to_far)
        await again.apply_network(egress_network(free=False))
        report["closed"] = await run_program(linux, "closed", FREE, cut_off)
        await again.close()
    finally:
        await linux.destroy_and_check()
        report["after"] = host_network()
        far.kill()
    return report


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.stdin.read())))))
