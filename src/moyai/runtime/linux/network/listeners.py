"""The sockets of a network namespace that accept traffic, by the kernel's own look-up (sock_diag).

The kernel is asked which socket a packet to an address and port would reach, so wildcard, dual-stack and
``SO_REUSEPORT`` sockets are found as a client would find them. Nothing is sent to the application, and the cost of a
question does not depend on the number of sockets.

Source: https://man7.org/linux/man-pages/man7/sock_diag.7.html
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from moyai.domain.sandbox.state import ExpectedListener
from moyai.ports.runtime import RuntimeFault
from moyai.runtime.linux.network import namespaces

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLMSG_ERROR = 2
_NLM_F_REQUEST = 1
_TCP_LISTEN, _UDP_UNCONNECTED = 10, 7
_ANY_STATE = 0xFFFFFFFF
_NO_COOKIE = b"\xff" * 8
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI2s2s16s16sI8s")
"""inet_diag_req_v2: family, protocol, extensions, padding, states, source port, destination port, source, destination,
interface, cookie."""
_MAX_ANSWER_BYTES = 4096
_ANSWER_SECONDS = 2.0
"""A time limit; the kernel answers at once."""


def open_listeners(netns: Path, listeners: Iterable[ExpectedListener]) -> frozenset[ExpectedListener]:
    """The expected listeners that are open in a network namespace. Only for the network thread. Raises RuntimeFault."""
    if not namespaces.exists(netns):
        return frozenset()
    try:
        with namespaces.inside(netns):
            link = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
        with link:
            link.settimeout(_ANSWER_SECONDS)
            return frozenset(listener for listener in listeners if _is_open(link, listener))
    except OSError as error:
        raise RuntimeFault(f"the sockets of the task's network can't be read: {error}") from error


def missing_requirement() -> str | None:
    """The reason why this kernel can't find listeners, and a remedy; None when it can."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as link,
    ):
        link.settimeout(_ANSWER_SECONDS)
        address, port = server.getsockname()
        if _accepts(link, "tcp", address, port):
            return None
    return "the kernel does not say who listens: modprobe tcp_diag udp_diag"


def _is_open(link: socket.socket, listener: ExpectedListener) -> bool:
    ports = range(listener.first_port, listener.last_port + 1)
    return any(_accepts(link, listener.protocol, address, port) for port in ports for address in listener.addresses)


def _accepts(link: socket.socket, protocol: str, address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    local = socket.inet_pton(family, address).ljust(16, b"\0"), port.to_bytes(2, "big")
    tcp = protocol == "tcp"
    # For TCP the source of the request is the socket's address. For UDP the kernel takes the destination for it.
    remote = (bytes(16), bytes(2)) if tcp else local
    request = _REQUEST.pack(
        family,
        socket.IPPROTO_TCP if tcp else socket.IPPROTO_UDP,
        0,
        0,
        _ANY_STATE,
        local[1],
        remote[1],
        local[0],
        remote[0],
        0,
        _NO_COOKIE,
    )
    link.send(_HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0) + request)
    answer = link.recv(_MAX_ANSWER_BYTES)
    if _HEADER.unpack_from(answer)[1] == _NLMSG_ERROR:
        return _no_socket(answer)
    state = answer[_HEADER.size + 1]
    return state == (_TCP_LISTEN if tcp else _UDP_UNCONNECTED)


def _no_socket(answer: bytes) -> bool:
    """False for the error ENOENT: no socket would be reached. Raises OSError for any other error."""
    code = -int.from_bytes(answer[_HEADER.size : _HEADER.size + 4], sys.byteorder, signed=True)
    if code != errno.ENOENT:
        raise OSError(code, os.strerror(code))
    return False
