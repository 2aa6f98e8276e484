"""Opens connections by raw packets: each UDP packet has ports of its own. The task needs NET_RAW.

usage: python3 -m tests.e2e.apps.flood PACKETS SOURCE TARGET [--answer]

SOURCE is an address, or a range of which each packet takes another one; with --answer the packets are the answers to
those that TARGET sends to SOURCE.
"""

from __future__ import annotations

import socket
import struct
import sys
from ipaddress import ip_address, ip_network
from itertools import cycle, islice

_HEADER = struct.Struct("!BBHHHBBH4s4s")
_PORTS = struct.Struct("!HHHH")
_PAYLOAD = b"flood..."
_FIRST, _MOST = 1024, 60_000


def packet(source: bytes, target: bytes, ports: tuple[int, int]) -> bytes:
    """An IPv4 packet with a UDP datagram; the kernel fills in the checksum of the first, and the second has none."""
    length = _HEADER.size + _PORTS.size + len(_PAYLOAD)
    header = _HEADER.pack(0x45, 0, length, 0, 0, 64, socket.IPPROTO_UDP, 0, source, target)
    return header + _PORTS.pack(*ports, _PORTS.size + len(_PAYLOAD), 0) + _PAYLOAD


def flood(packets: int, source: str, target: str, *, answer: bool) -> None:
    """Send them."""
    sources, place = cycle(address.packed for address in ip_network(source)), ip_address(target).packed
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for number, own in enumerate(islice(sources, packets)):
            ports = (_FIRST + number % _MOST, _FIRST + number // _MOST)
            raw.sendto(packet(own, place, ports[::-1] if answer else ports), (target, 0))


if __name__ == "__main__":
    flood(int(sys.argv[1]), sys.argv[2], sys.argv[3], answer="--answer" in sys.argv)
    sys.stdout.write("sent\n")
