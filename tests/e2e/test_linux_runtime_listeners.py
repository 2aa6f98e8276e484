"""The sockets of a task that count as listeners: those that a client of the address would reach."""

from __future__ import annotations

import pytest

from moyai.domain.sandbox.state import ExpectedListener
from tests.contract.runtime.adapters import TASK, LinuxAdapter, dual_stack, interface, network_of, sandbox
from tests.e2e.linux_tasks import shell, wait_for_output

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SOCKETS = """
import socket, threading
kept = []
def opened(family, kind, port, address, *options):
    made = socket.socket(family, kind)
    for option in options:
        made.setsockopt(*option)
    made.bind((address, port))
    if kind == socket.SOCK_STREAM and port != 8007:
        made.listen()
    kept.append(made)
four, six, tcp, udp = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM
alone, both = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1), (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
shared = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
opened(four, tcp, 8001, "127.0.0.1")
opened(six, tcp, 8002, "::1", alone)
opened(four, tcp, 8003, "0.0.0.0")
opened(six, tcp, 8004, "::", both)
opened(six, tcp, 8005, "::", alone)
opened(four, tcp, 8006, "OWN")
opened(four, tcp, 8007, "0.0.0.0")
opened(four, udp, 8008, "0.0.0.0")
opened(four, udp, 8009, "0.0.0.0")
kept[-1].connect(("127.0.0.1", 9))
for _ in range(3):
    opened(four, tcp, 8010, "0.0.0.0", shared)
linked = socket.create_connection(("127.0.0.1", 8003))
print("up", flush=True)
threading.Event().wait()
"""

MADE = dual_stack(sandbox())
OWN, OWN6 = interface(MADE).address, interface(MADE).ipv6.address  # type: ignore[union-attr]
LOOPBACK, LOOPBACK6 = "127.0.0.1", "::1"


def tcp(port: int, *addresses: str) -> ExpectedListener:
    return ExpectedListener("tcp", port, port, addresses)


def udp(port: int, *addresses: str) -> ExpectedListener:
    return ExpectedListener("udp", port, port, addresses)


THERE = (
    tcp(8001, LOOPBACK),
    tcp(8002, LOOPBACK6),
    tcp(8003, LOOPBACK),
    tcp(8003, OWN),
    tcp(8004, LOOPBACK),
    tcp(8004, LOOPBACK6),
    tcp(8004, OWN),
    tcp(8005, OWN6),
    tcp(8005, OWN, OWN6),
    tcp(8006, OWN),
    udp(8008, OWN),
    tcp(8010, OWN),
    ExpectedListener("tcp", 7990, 8001, (LOOPBACK,)),
)
NOT_THERE = (
    tcp(8001, OWN),
    tcp(8002, LOOPBACK),
    tcp(8003, LOOPBACK6),
    tcp(8005, LOOPBACK),
    tcp(8006, LOOPBACK),
    tcp(8007, LOOPBACK),  # bound, and not listening
    tcp(8008, LOOPBACK),
    udp(8003, LOOPBACK),
    udp(8009, LOOPBACK),  # connected to one peer: nobody else reaches it
    ExpectedListener("tcp", 7900, 7999, (LOOPBACK,)),
)


async def test_a_listener_is_open_if_a_client_of_the_address_would_reach_it(linux: LinuxAdapter):
    await linux.runtime.apply_network(network_of(MADE))
    await linux.runtime.prepare(MADE)
    program = SOCKETS.replace("OWN", OWN)
    await linux.runtime.start(shell("", task=TASK, command=("python3", "-c", program)))
    await wait_for_output(linux, "up")
    listeners = await linux.runtime.open_listeners(TASK, [*THERE, *NOT_THERE])
    assert listeners == frozenset(THERE)
