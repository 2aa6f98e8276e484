"""The listeners of network load balancers, which forward connections and datagrams.

Promise: without cross-zone load balancing each node forwards to the targets of its own zone alone. A flow stays with
its target; with stickiness, all flows of a client do, except for datagrams from outside of the VPC, whose clients are
not known. Datagram flows are limited by target group (``compile``), connections by address.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from moyai.domain.elb import attributes
from moyai.domain.elb.front import group_cluster
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode
from moyai.domain.elb.rule import ForwardAction, Listener, ListenerProtocol, WeightedGroup
from moyai.domain.queries.load_balancing import crosses_zones, keeps_client_address
from moyai.domain.sandbox.open_files import FLOW_IDLE
from moyai.mesh.ir import (
    FrontListener,
    MeshService,
    Protocol,
    StreamFront,
    StreamSplit,
    TimeoutPolicy,
    Transport,
    WeightedDestination,
)
from moyai.mesh.load_balancing.addresses import connection_limit, front_addresses
from moyai.mesh.load_balancing.logs import access_log
from moyai.mesh.load_balancing.shard import FrontBuilder
from moyai.mesh.load_balancing.target_groups import add_target_group
from moyai.mesh.load_balancing.tls import listener_tls

_TRANSPORTS: Mapping[ListenerProtocol, tuple[Transport, ...]] = MappingProxyType(
    {
        ListenerProtocol.TCP: (Transport.TCP,),
        ListenerProtocol.TLS: (Transport.TCP,),
        ListenerProtocol.UDP: (Transport.UDP,),
        ListenerProtocol.TCP_UDP: (Transport.TCP, Transport.UDP),
    }
)


def add_network_listener(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener) -> None:
    """Add a listener with the target groups of its default rule."""
    tls = listener_tls(shard, balancer, listener)
    groups = tuple(_default_groups(shard, listener))
    keeps_client = _may_keep_client(shard, groups)
    if listener.protocol.is_encrypted and tls is None:
        return
    for node in balancer.nodes:
        name = f"{listener.arn.rpartition(':')[2]}@{node.zone}"
        idle = attributes.TCP_IDLE_TIMEOUT.of(listener)
        targets = tuple(_targets(shard, balancer, node, groups))
        split = StreamSplit(targets, TimeoutPolicy(request=0, idle=idle), connect_attempts=1)
        shard.add_service(MeshService(name, Protocol.TCP, split, balancer.dimension))
        for transport in _TRANSPORTS[listener.protocol]:
            is_udp = transport is Transport.UDP
            addresses = tuple(front_addresses(balancer, listener, (node,)))
            front = StreamFront(name, transport, FLOW_IDLE if is_udp else idle, keeps_client)
            log = access_log(balancer, listener)
            limit = 0 if is_udp else connection_limit(shard.world, balancer, shard.limits)
            shard.listeners.append(
                FrontListener(f"{name} {transport}", addresses, front, tls, log, max_connections=limit)
            )


def _default_groups(shard: FrontBuilder, listener: Listener) -> Sequence[WeightedGroup]:
    """The target groups of the default rule, which is the only one."""
    rules = shard.world.rules.by("listener", listener.arn)
    return [group for rule in rules if isinstance(rule.action, ForwardAction) for group in rule.action.groups]


def _may_keep_client(shard: FrontBuilder, weighted: Sequence[WeightedGroup]) -> bool:
    """Whether all of the groups can see the client's address: a listener keeps it for all of its connections."""
    groups = [shard.world.target_groups.get(share.group) for share in weighted]
    return bool(groups) and all(group is None or keeps_client_address(shard.world, group) for group in groups)


def _targets(
    shard: FrontBuilder, balancer: LoadBalancer, node: LoadBalancerNode, groups: Sequence[WeightedGroup]
) -> Iterator[WeightedDestination]:
    """The groups that exist, as one node sees them."""
    for weighted in groups:
        group = shard.world.target_groups.get(weighted.group)
        zone = "" if group is None or crosses_zones(balancer, group) else node.zone
        if add_target_group(shard, balancer, weighted.group, zone) is not None:
            yield WeightedDestination(group_cluster(weighted.group, zone), weighted.weight)
