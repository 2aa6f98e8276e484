"""The routes back to a front proxy for connections that it opens from the addresses of its clients.

What a target sends to such an address has to return to the front proxy, not to the client. The rules of the router
(security_groups.py) remember the connections that a front proxy begins from an address which is not behind its link,
and mark their answers. The router sends marked packets to the front proxy, whose namespace accepts any destination.
A VPC has one front proxy. Only for the network thread; idempotent.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/listeners/listener_filters/original_src_filter
"""

from __future__ import annotations

from typing import Final

from moyai.runtime.linux.network.configure import ignore_existing
from moyai.runtime.linux.network.link_requests import add_rule, fill_local_table, fill_table, fix_neighbour, send
from moyai.runtime.linux.network.routes import NEXT_HOP

ANSWER_MARK: Final = 1
"""The mark of connections, and of packets on their way back, in the router."""
_TABLE: Final = 100
"""The routing table of both rules. Those of subnets have the numbers of addresses, which are greater."""
_PRIORITY: Final = 100
"""The rules apply after those for the namespace's own addresses, and before all other routes."""
_LOOPBACK: Final = 1


def return_answers(index: int, mac: str) -> None:
    """Let the router that the calling thread is in send marked packets to its link with this index."""
    send([fix_neighbour(index, NEXT_HOP, mac), fill_table(_TABLE, index, NEXT_HOP)])
    with ignore_existing():
        send([add_rule(_TABLE, _PRIORITY, "FRA_FWMARK", ANSWER_MARK)])


def accept_every_address(link: str) -> None:
    """Let the namespace that the calling thread is in take every packet that arrives at its link."""
    send([fill_local_table(_TABLE, _LOOPBACK)])
    with ignore_existing():
        send([add_rule(_TABLE, _PRIORITY, "FRA_IIFNAME", link)])
