"""Connection draining: a stopping task accepts no new connections, and those that it has are counted.

Envoy counts what its worker threads have accepted. On a machine with too few processors a connection may wait in the
kernel for longer than a drain lasts, and so may a request on an open connection; both are in the kernel's socket table.
Nothing arrives after the count: new connections from outside are reset before they reach the proxy, and their clients
try another task.
Source: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html (the rx_queue of a listening socket is the
number of connections that wait to be accepted)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from moyai.ports.runtime import RuntimeFault
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import apply_rules, sandbox_errors

TABLE = "moyai_leaving"

_ESTABLISHED, _LISTEN = "01", "0A"
_MAX_TABLE_BYTES = 16 * 1024 * 1024
"""About 110,000 sockets, which take half a second to read."""


def reject_new_connections(netns: Path, ports: Sequence[int]) -> None:
    """Close a task's ports to new connections from outside. Does nothing if the task has no network any more.

    Only for the network thread. Raises SandboxFailed.
    """
    with sandbox_errors("the task's ports can't be closed"):
        if namespaces.exists(netns):
            with namespaces.inside(netns):
                apply_rules(rejecting_rules(ports))


def rejecting_rules(ports: Sequence[int]) -> str:
    """The script that resets new connections from outside the task to these ports; it replaces an earlier one."""
    port_list = ", ".join(str(port) for port in sorted(set(ports)))
    return f"""\
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  chain away {{
    type filter hook input priority filter - 1; policy accept;
    iifname "eth0" ct state new meta l4proto tcp ct original proto-dst {{ {port_list} }} reject with tcp reset
  }}
}}
"""


class InboundConnections(NamedTuple):
    """The connections from outside to a proxy. ``unread``: those that it has not accepted, plus accepted ones with
    bytes that it has not read; ``open``: accepted ones that both ends can still write to.
    """

    unread: int = 0
    open: int = 0


def inbound_connections(netns: Path, owner: int, inner_ports: Collection[int]) -> InboundConnections:
    """``count_connections`` for all sockets of a namespace. Only for the network thread. Raises RuntimeFault for a
    namespace with too many sockets: a task chooses how many it opens, and all tasks share the thread.
    """
    with namespaces.inside(netns):
        tables = [Path("/proc/thread-self/net", name) for name in ("tcp", "tcp6")]
        counts = [count_connections(_read_table(table), owner, inner_ports) for table in tables if table.exists()]
    return InboundConnections(sum(count.unread for count in counts), sum(count.open for count in counts))


def _read_table(table: Path) -> str:
    with table.open("rb") as file:
        text = file.read(_MAX_TABLE_BYTES + 1)
    if len(text) > _MAX_TABLE_BYTES:
        raise RuntimeFault("the task has too many sockets to count")
    return text.decode("ascii")


def count_connections(table: str, owner: int, inner_ports: Collection[int] = ()) -> InboundConnections:
    """The connections to a user's listeners.

    ``table``: the text of ``/proc/net/tcp``; ``owner``: the user's id. Only listeners on the wildcard address count,
    and not those on ``inner_ports``: the others accept connections of the task itself.
    """
    sockets = [socket for socket in _parse_sockets(table) if socket.owner == owner]
    listeners = (s for s in sockets if s.state == _LISTEN and not s.address.strip("0"))
    inbound = {s.port for s in listeners if int(s.port, 16) not in inner_ports}
    unread = sum(s.unread if s.state == _LISTEN else min(s.unread, 1) for s in sockets if s.port in inbound)
    return InboundConnections(unread, sum(s.state == _ESTABLISHED for s in sockets if s.port in inbound))


class _Socket:
    """A row of the kernel's socket table. ``state``: two hexadecimal digits; ``unread``: its rx_queue."""

    def __init__(self, words: Sequence[str]) -> None:
        self.address, self.port = words[1].split(":")
        self.state = words[3]
        self.unread = int(words[4].partition(":")[2], 16)
        self.owner = int(words[7])


def _parse_sockets(table: str) -> Iterator[_Socket]:
    yield from (_Socket(line.split()) for line in table.splitlines()[1:])
