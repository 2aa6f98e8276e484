"""Connection draining: a stopping task accepts no new connections, and those that it has are counted.

Envoy counts what its worker threads have accepted. On a machine with too few processors a connection may wait in the
kernel for longer than a drain lasts, and so may a request on an open connection; both are in the kernel's socket table.
Nothing arrives after the count: new connections from outside are reset before they reach the proxy, and their clients
try another task.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import apply_rules, sandbox_errors
from moyai.runtime.linux.network.socket_table import ESTABLISHED, LISTEN, parse_socket_table, read_socket_tables

TABLE = "moyai_leaving"
_MAX_TABLE_BYTES = 16 * 1024 * 1024
"""About 110,000 sockets, which take half a second to read: a task chooses how many it opens, and all tasks share the
network thread.
"""


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
    namespace with too many sockets.
    """
    with namespaces.inside(netns):
        counts = [count_connections(table, owner, inner_ports) for table in read_socket_tables(_MAX_TABLE_BYTES)]
    return InboundConnections(sum(count.unread for count in counts), sum(count.open for count in counts))


def count_connections(table: str, owner: int, inner_ports: Collection[int] = ()) -> InboundConnections:
    """The connections to a user's listeners.

    ``table``: the text of ``/proc/net/tcp``; ``owner``: the user's id. Only listeners on the wildcard address count,
    and not those on ``inner_ports``: the others accept connections of the task itself.
    """
    rows = [row for row in parse_socket_table(table) if row.owner == str(owner)]
    listening = {row.port for row in rows if row.state == LISTEN and not row.address.strip("0")}
    inbound = [row for row in rows if row.port in listening and int(row.port, 16) not in inner_ports]
    unread = sum(row.unread if row.state == LISTEN else min(row.unread, 1) for row in inbound)
    return InboundConnections(unread, sum(row.state == ESTABLISHED for row in inbound))
