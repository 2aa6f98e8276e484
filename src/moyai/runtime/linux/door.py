"""The door of a task that leaves: it is closed to new connections, and what came before is counted to the last byte.

A proxy counts what its worker has taken up. On a machine that is short of processors a connection may wait in the
kernel for longer than a drain lasts, and so may a request on a connection that is open already; they are in the
kernel's own table. Nothing can slip in behind the count: from outside, new connections are reset before they reach
the proxy, and whoever opened them tries another task.
Source: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html (of a listening socket, rx_queue says how
many connections wait to be taken up)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from moyai.runtime.linux import admin, attendants, netns
from moyai.runtime.linux.netns import NetworkThread

TABLE = "moyai_leaving"

_PROXY = int(attendants.PROXY_USER.partition(":")[0])
_LISTEN = "0A"
_EVERYWHERE = "00000000"


def closed(ports: Sequence[int]) -> str:
    """The rule set that lets nobody outside the task open a connection to these ports; for ``nft -f -``."""
    listed = ", ".join(str(port) for port in sorted(set(ports)))
    return f"""\
table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  chain away {{
    type filter hook input priority filter - 1; policy accept;
    iifname "eth0" ct state new meta l4proto tcp ct original proto-dst {{ {listed} }} reject with tcp reset
  }}
}}
"""


async def in_flight(run: Path, pin: Path, thread: NetworkThread) -> int | None:
    """What a proxy serves, or has yet to take up; None when it doesn't answer."""
    if not netns.is_pinned(pin):
        return None
    waits = await thread.run(
        partial(_waiting, pin)
    )  # first: what is taken up meanwhile is then counted twice, not never
    serves = await admin.in_flight(run)
    return None if serves is None else serves + waits


def _waiting(pin: Path) -> int:
    with netns.inside(pin):
        return waiting(Path("/proc/thread-self/net/tcp").read_text(), _PROXY)


def waiting(table: str, owner: int) -> int:
    """Connections that a user's listeners have not taken up, and open ones that it has not read from, by the kernel's
    table. Only listeners on every address count: the others are for the task itself.
    """
    rows = [row for row in _rows(table) if row.owner == owner]
    doors = {row.port for row in rows if row.state == _LISTEN and row.address == _EVERYWHERE}
    return sum(row.unread if row.state == _LISTEN else min(row.unread, 1) for row in rows if row.port in doors)


class _Row:
    """A socket of the table."""

    def __init__(self, words: Sequence[str]) -> None:
        self.address, self.port = words[1].split(":")
        self.state = words[3]
        self.unread = int(words[4].partition(":")[2], 16)
        self.owner = int(words[7])


def _rows(table: str) -> Iterator[_Row]:
    yield from (_Row(line.split()) for line in table.splitlines()[1:])
