"""Netlink requests about links, addresses, neighbours, routes and rules, many of which are sent together.

Promise: requests are carried out in their order, many in one system call. Each but ``new_veth`` and ``add_rule`` can be
repeated: what is there already is replaced. A socket of pyroute2 brings an event loop that each of its requests waits
for, which takes longer than what the kernel does; here pyroute2 only encodes the messages.
Source: https://man7.org/linux/man-pages/man7/rtnetlink.7.html
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import pyroute2

LINK_SCOPE = 253
ON_LINK = 4
"""The flag of a route whose gateway is behind the link, whatever its address is."""

_NETLINK_ROUTE = 0
_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE, _NEW_NEIGHBOUR, _NEW_RULE = 16, 20, 24, 28, 32
_NLMSG_ERROR = 2
_ASK, _CREATE, _REPLACE, _EXCLUSIVE = 0x5, 0x400, 0x100, 0x200
"""Flags of a request. _ASK: NLM_F_REQUEST and NLM_F_ACK; the kernel confirms each request."""
_UP = 1
_PERMANENT = 0x80
_MAIN_TABLE, _STATIC, _UNICAST, _LOCAL = 254, 4, 1, 2
_HOST_SCOPE = 254
_LOOK_UP_TABLE = 1
"""The action of a rule."""
_HEADER = struct.Struct("=IHHII")
_CODE = struct.Struct("=i")
_MAX_ANSWER_BYTES = 64 * 1024
_ANSWER_SECONDS = 10.0
"""A time limit; the kernel answers before it returns from ``send``."""
_MAX_UNANSWERED = 64
"""The number of requests in one system call. The kernel drops answers that the socket's buffer has no room for: with
the usual buffer, those after some 250.
"""


def new_veth(name: str, mac: str, peer: str, peer_mac: str, namespace: int) -> bytes:
    """Make a veth whose other end, ``peer``, is in the namespace behind a descriptor. Refused (EEXIST) if
    one of the names is taken.
    """
    attributes = [("IFLA_IFNAME", peer), ("IFLA_NET_NS_FD", namespace), ("IFLA_ADDRESS", peer_mac)]
    data = {"attrs": [("VETH_INFO_PEER", {"attrs": attributes})]}
    info = {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", data)]}
    attrs = [("IFLA_IFNAME", name), ("IFLA_ADDRESS", mac), ("IFLA_LINKINFO", info)]
    return _encode("ifinfmsg", _NEW_LINK, _CREATE | _EXCLUSIVE, {"attrs": attrs})


def set_up(index: int) -> bytes:
    """Set a link up."""
    return _encode("ifinfmsg", _NEW_LINK, 0, {"index": index, "flags": _UP, "change": _UP})


def add_address(index: int, address: str, prefix: int, flags: int = 0) -> bytes:
    """Give a link an address. ``flags``: IFA_F_*."""
    fields = {"index": index, "family": _family(address), "prefixlen": prefix}
    attrs = [("IFA_LOCAL", address), ("IFA_ADDRESS", address), ("IFA_FLAGS", flags)]
    return _encode("ifaddrmsg", _NEW_ADDRESS, _CREATE | _REPLACE, {**fields, "attrs": attrs})


def fix_neighbour(index: int, address: str, mac: str) -> bytes:
    """Fix the MAC address of a link's neighbour, so that no ARP or NDP answer can change it."""
    fields = {"ifindex": index, "family": _family(address), "state": _PERMANENT}
    attrs = [("NDA_DST", address), ("NDA_LLADDR", mac)]
    return _encode("ndmsg", _NEW_NEIGHBOUR, _CREATE | _REPLACE, {**fields, "attrs": attrs})


def add_route(index: int, destination: str, source: str | None = None) -> bytes:
    """Route an address to a link that has it at its other end. ``source``: the sender's address, if it has several."""
    attrs = [("RTA_DST", destination), *([] if source is None else [("RTA_PREFSRC", source)])]
    return _encode_route(index, destination, attrs, {"dst_len": _bits(destination), "scope": LINK_SCOPE})


def add_default_route(index: int, gateway: str) -> bytes:
    """Route everything else to a gateway behind the link."""
    return _encode_route(index, gateway, [("RTA_GATEWAY", gateway)], {})


def fill_table(table: int, index: int, gateway: str) -> bytes:
    """Make a routing table that sends everything of IPv4 to a gateway behind the link (ON_LINK)."""
    return _encode_route(index, gateway, [("RTA_GATEWAY", gateway)], {"table": table, "flags": ON_LINK})


def fill_local_table(table: int, index: int) -> bytes:
    """Make a routing table by which every address of IPv4 is this namespace's own, at the link."""
    return _encode_route(index, "", [], {"table": table, "type": _LOCAL, "scope": _HOST_SCOPE})


def add_rule(table: int, priority: int, name: str, value: object) -> bytes:
    """Have packets of IPv4 for which the attribute ``name`` (FRA_*) has the value look up a routing table. Refused
    (EEXIST) if there is the same rule.
    """
    attrs = [(name, value), ("FRA_PRIORITY", priority), ("FRA_TABLE", table)]
    fields = {"family": socket.AF_INET, "table": table, "action": _LOOK_UP_TABLE}
    return _encode("fibmsg", _NEW_RULE, _CREATE | _EXCLUSIVE, {**fields, "attrs": attrs})


def send(requests: Sequence[bytes]) -> None:
    """Send requests to the namespace of the calling thread. Raises NetlinkError for the first that the kernel refuses;
    those after it are carried out all the same.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_ROUTE) as link:
        link.settimeout(_ANSWER_SECONDS)
        link.bind((0, 0))
        codes: list[int] = []
        for begin in range(0, len(requests), _MAX_UNANSWERED):
            batch = requests[begin : begin + _MAX_UNANSWERED]
            link.send(b"".join(batch))
            while len(codes) < begin + len(batch):
                codes += _error_codes(link.recv(_MAX_ANSWER_BYTES))
    if code := next((code for code in codes if code), 0):
        raise pyroute2.NetlinkError(code, os.strerror(code))


def _error_codes(answers: bytes) -> list[int]:
    """The error of each answer; 0 = the request was carried out."""
    codes, offset = [], 0
    while offset < len(answers):
        length, kind, *_ = _HEADER.unpack_from(answers, offset)
        if kind == _NLMSG_ERROR:
            codes.append(-_CODE.unpack_from(answers, offset + _HEADER.size)[0])
        offset += (length + 3) & ~3
    return codes


def _encode_route(index: int, address: str, attrs: Sequence[tuple[str, object]], fields: Mapping[str, int]) -> bytes:
    common = {"family": _family(address), "table": _MAIN_TABLE, "proto": _STATIC, "type": _UNICAST}
    values = {**common, **fields, "attrs": [*attrs, ("RTA_OIF", index)]}
    return _encode("rtmsg", _NEW_ROUTE, _CREATE | _REPLACE, values)


def _encode(name: str, kind: int, flags: int, fields: Mapping[str, object]) -> bytes:
    """A request. ``name``: pyroute2's module and class of the message."""
    message: Any = getattr(getattr(pyroute2.netlink.rtnl, name), name)()
    message.setvalue({**fields, "header": {"type": kind, "flags": _ASK | flags, "sequence_number": 0, "pid": 0}})
    message.encode()
    return bytes(message.data)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _bits(address: str) -> int:
    return 128 if ":" in address else 32
