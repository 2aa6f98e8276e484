"""The kernel's table of the TCP sockets of a network namespace.

Source: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html (the rx_queue of a listening socket is the
number of connections that wait to be accepted)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from moyai.ports.runtime import RuntimeFault

_TABLES: Final = (Path("/proc/thread-self/net/tcp"), Path("/proc/thread-self/net/tcp6"))
"""Without IPv6 the second does not exist."""
ESTABLISHED: Final = "01"
LISTEN: Final = "0A"


class TableRow(NamedTuple):
    """A socket, in the table's own words, because a table may have a hundred thousand. Addresses and ports are
    hexadecimal digits, ``remote`` is both: ``0100007F:1F90``; ``owner``: a user id in decimal digits.
    """

    address: str
    port: str
    remote: str
    state: str
    queues: str
    owner: str

    @property
    def unread(self) -> int:
        """The rx_queue."""
        return int(self.queues.partition(":")[2], 16)


def read_socket_tables(max_bytes: int) -> Iterator[str]:
    """The texts of the tables of the thread's network namespace. Raises RuntimeFault for a larger one. A row has 150
    bytes.
    """
    for path in filter(Path.exists, _TABLES):
        with path.open("rb") as file:
            table = file.read(max_bytes + 1)
        if len(table) > max_bytes:
            raise RuntimeFault("the network namespace has too many sockets to count")
        yield table.decode("ascii")


def parse_socket_table(table: str) -> Iterator[TableRow]:
    """The rows of the text of a ``/proc/net/tcp`` or ``/proc/net/tcp6``."""
    for line in table.splitlines()[1:]:
        _, local, remote, state, queues, _, _, owner, _ = line.split(maxsplit=8)
        address, _, port = local.partition(":")
        yield TableRow(address, port, remote, state, queues, owner)
