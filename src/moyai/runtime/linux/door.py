"""The door of a task that leaves: it is closed to new connections, and what came before is counted to the last byte.

A proxy counts what its worker has taken up. On a machine that is short of processors a connection may wait in the
kernel for longer than a drain lasts, and so may a request on a connection that is open already; they are in the
kernel's own table. Nothing can slip in behind the count: from outside, new connections are reset before they reach
the proxy, and whoever opened them tries another task.
Source: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html (of a listening socket, rx_queue says how
many connections wait to be taken up)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from moyai.runtime.linux import admin, netns
from moyai.runtime.linux.netns import NetworkThread
from moyai.runtime.linux.proxies import Notes

TABLE = "moyai_leaving"

_LISTEN = "0A"


def closed(ports: Sequence[int]) -> str:
    """The rule set that lets nobody outside the task open a connection to these ports; for ``nft -f -``."""
    listed = ", ".join(str(port) for port in sorted(set(ports)))
    return f"""\
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  chain away {{
    type filter hook input priority filter - 1; policy accept;
    iifname "eth0" ct state new meta l4proto tcp ct original proto-dst {{ {listed} }} reject with tcp reset
  }}
}}
"""


async def in_flight(run: Path, pin: Path, notes: Notes, thread: NetworkThread) -> int | None:
    """What a proxy serves, or has yet to take up; None when it doesn't answer."""
    if not netns.is_pinned(pin):
        return None
    # first: what is taken up meanwhile is then counted twice, not never
    waits = await thread.run(partial(_waiting, pin, notes))
    if notes.admin_port is None:
        serves = await admin.in_flight(partial(admin.by_socket, run))
    else:
        serves = await admin.in_flight(partial(admin.by_port, pin, notes.admin_port, thread))
    return None if serves is None else serves + waits


def _waiting(pin: Path, notes: Notes) -> int:
    with netns.inside(pin):
        tables = (Path("/proc/thread-self/net", name) for name in ("tcp", "tcp6"))
        return sum(waiting(table.read_text(), notes.uid, notes.inner_ports) for table in tables if table.exists())


def waiting(table: str, owner: int, inner_ports: Collection[int] = ()) -> int:
    """Connections that a user's listeners have not taken up, and open ones that it has not read from, by the kernel's
    table. Only listeners on every address count, and not those on ``inner_ports``: the others are for the task itself.
    """
    rows = [row for row in _rows(table) if row.owner == owner]
    listeners = (row for row in rows if row.state == _LISTEN and not row.address.strip("0"))
    doors = {row.port for row in listeners if int(row.port, 16) not in inner_ports}
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
