"""Connections that a front proxy opens from the addresses of its clients, which are elsewhere.

What a target sends to such an address has to return to the front proxy, not to the client. The rules of the router
(security_groups.py) remember the connections that a front proxy begins from an address which is not behind its link,
and mark their answers; the router sends what is marked to the front proxy, whose namespace takes all that arrives.
A VPC has one front proxy. Only for the network thread; idempotent.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/listeners/listener_filters/original_src_filter
"""

from __future__ import annotations

from typing import Final

import pyroute2

from moyai.runtime.linux.network.configure import ignore_existing
from moyai.runtime.linux.network.link_requests import fix_neighbour, send
from moyai.runtime.linux.network.routes import NEXT_HOP, ON_LINK

ANSWER_MARK: Final = 1
"""The mark of connections, and of packets on their way back, in the router."""
_TABLE: Final = 100
"""The tables of subnets have the numbers of addresses, which are greater."""
_PRIORITY: Final = 100
"""After the addresses of the namespace itself, and before all other routes."""
_EVERYWHERE: Final = "0.0.0.0/0"
_LOOPBACK: Final = 1
_HOST_SCOPE: Final = 254


def return_answers(links: pyroute2.IPRoute, index: int, mac: str) -> None:
    """Let the router that the calling thread is in send marked packets to its link with this index."""
    send([fix_neighbour(index, NEXT_HOP, mac)])
    links.route("replace", dst=_EVERYWHERE, gateway=NEXT_HOP, oif=index, flags=ON_LINK, table=_TABLE)
    with ignore_existing():
        links.rule("add", fwmark=ANSWER_MARK, table=_TABLE, priority=_PRIORITY)


def accept_every_address(links: pyroute2.IPRoute, link: str) -> None:
    """Let the namespace that the calling thread is in take every packet that arrives at its link."""
    links.route("replace", dst=_EVERYWHERE, type="local", oif=_LOOPBACK, scope=_HOST_SCOPE, table=_TABLE)
    with ignore_existing():
        links.rule("add", iifname=link, table=_TABLE, priority=_PRIORITY)
