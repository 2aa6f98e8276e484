"""Where the listeners of a load balancer listen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from moyai.domain.elb.front import proxied_address
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.log_attributes import has_logs
from moyai.domain.elb.rule import Listener
from moyai.mesh.ir import FrontAddress

MAX_CONNECTIONS: Final = 10_000
"""Of an address of a listener: a part of what a front proxy accepts, so that the clients of one load balancer keep no
other's out.
"""


def front_addresses(
    balancer: LoadBalancer, listener: Listener, nodes: Iterable[LoadBalancerNode]
) -> Iterator[FrontAddress]:
    """The addresses of a listener: of each node, and where the VPC's router tells of clients from outside. Statistics
    are named ``<app or net>/<name>/<id>@<zone>``. In logs of application load balancers a node has its public address.
    """
    shows_public = balancer.type is LoadBalancerType.APPLICATION
    for node in nodes:
        address, name = node.interface.address, f"{balancer.dimension}@{node.zone}"
        shown = (node.interface.public_address if shows_public else None) or address
        log_node = shown if has_logs(balancer) else ""
        yield FrontAddress(address, listener.port, name, node=log_node)
        if balancer.scheme is Scheme.INTERNET_FACING:
            yield FrontAddress(proxied_address(address), listener.port, name, proxied=True, node=log_node)
