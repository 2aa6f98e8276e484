"""A fabric, carried out: each VPC's rules, then the links between VPCs, then who is led where.

Promise: what changed is done and nothing else, compared with what this process did last. What it hasn't done yet
(it has just started), or is told again, it looks at: rules are replaced as a whole and at once, links and routes
compared with the kernel's. What is in no fabric any more lets nothing through, and is removed when nothing is left in
it. A VPC in which something fails doesn't
hold up the others, and is done anew next time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from moyai.domain.sandbox.fabric import OUTSIDE, Fabric, Peering, VpcFabric
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import RuntimeFault, SandboxFailed
from moyai.runtime.linux import firewall, netns, network, nft, outside, routing
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.netns import NetworkThread
from moyai.runtime.linux.outside import Outside

_log = logging.getLogger(__name__)


class _Router(msgspec.Struct, frozen=True):
    """What one router is to have. ``cidr`` None: no task is there any more."""

    vpc: VpcId
    cidr: str | None = None
    rules: firewall.Rules = firewall.Rules(firewall.CLOSED)
    ways: routing.Ways = routing.Ways()
    peers: frozenset[str] = frozenset()
    goes_out: bool = False

    def leads_as(self, other: _Router | None) -> bool:
        """Whether links and routes are the same."""
        return other is not None and (self.ways, self.peers, self.goes_out) == (other.ways, other.peers, other.goes_out)


class Weaver:
    """Carries out fabrics, one at a time."""

    def __init__(self, layout: Layout, thread: NetworkThread, outside: Outside) -> None:
        self._layout = layout
        self._thread = thread
        self._outside = outside
        self._done: dict[VpcId, _Router] = {}
        self._last: Fabric | None = None
        self._lacking: str | None = None
        self._lock = asyncio.Lock()

    async def weave(self, fabric: Fabric) -> None:
        """Have exactly this. Raises RuntimeFault when something of it couldn't be done."""
        async with self._lock:
            await self._weave(fabric)

    async def _weave(self, fabric: Fabric) -> None:
        again, self._last = fabric == self._last, fabric
        before, self._done = self._done, {}  # what is interrupted isn't done
        failed: dict[VpcId, RuntimeFault] = {}
        wanted = self._wanted(fabric)
        for vpc, router in wanted.items():
            await _try(partial(self._enforce, router, before.get(vpc)), failed, vpc)
        for peering in fabric.peerings:
            await _try(partial(self._connect, peering, {} if again else before), failed, *peering.vpcs)
        for vpc, router in wanted.items():
            if again or not router.leads_as(before.get(vpc)):
                await _try(partial(self._lead, router), failed, vpc)
        self._done = {vpc: router for vpc, router in wanted.items() if vpc not in failed}
        for vpc in [vpc for vpc, router in self._done.items() if router.cidr is None]:
            await _try(partial(self._forget, vpc), failed, vpc)
        if failed:
            raise next(iter(failed.values()))

    async def unravel(self) -> None:
        """Close all ways outside and forget what was done; the routers go with their namespaces."""
        async with self._lock:
            self._done, self._last = {}, None
            for vpc in self._outside.opened():
                await asyncio.to_thread(self._outside.close, vpc)

    async def _forget(self, vpc: VpcId) -> None:
        """Remove the router of a VPC that may be deleted: one that is needed again is made again."""
        if await self._thread.run(partial(network.remove_idle_router, self._layout.router_netns(vpc))):
            del self._done[vpc]

    def _wanted(self, fabric: Fabric) -> Mapping[VpcId, _Router]:
        """Every router that is needed or there."""
        groups = {group.id: group for group in fabric.groups}
        can_go_out = self._can_go_out(fabric)
        there = (VpcId(pin.name.removeprefix("vpc-")) for pin in sorted(self._layout.netns.glob("vpc-*")))
        wanted = {vpc: _Router(vpc) for vpc in there}
        for vpc in fabric.vpcs:
            wanted[vpc.vpc] = _Router(
                vpc.vpc,
                vpc.cidr,
                firewall.all_rules_for(vpc, groups),
                routing.ways_of(vpc),
                frozenset(routing.peer_link(p.id) for p in fabric.peerings if vpc.vpc in p.vpcs),
                can_go_out and _goes_out(vpc),
            )
        return wanted

    def _can_go_out(self, fabric: Fabric) -> bool:
        """Whether this machine has what it takes; said once when it hasn't and somebody would."""
        lacking = outside.missing() if any(_goes_out(vpc) for vpc in fabric.vpcs) else None
        if lacking is not None and lacking != self._lacking:
            _log.warning("%s", lacking)
        self._lacking = lacking
        return lacking is None

    async def _enforce(self, router: _Router, before: _Router | None) -> None:
        if before is None or before.rules != router.rules or before.peers != router.peers:
            await self._thread.run(partial(self._tighten, router, before))

    def _tighten(self, router: _Router, before: _Router | None) -> None:
        """Put the rules in place and remove the links that are no more. Whatever is new comes later."""
        pin = self._layout.router_netns(router.vpc)
        if router.cidr is not None:
            network.prepare_router(pin, router.cidr)
        with netns.inside(pin):
            _replace_all(None if before is None else before.rules, router.rules)
        if before is None or before.peers != router.peers:
            routing.disconnect(pin, router.peers)

    async def _connect(self, peering: Peering, before: Mapping[VpcId, _Router]) -> None:
        link = routing.peer_link(peering.id)
        if any(vpc not in before or link not in before[vpc].peers for vpc in peering.vpcs):
            first, second = map(self._layout.router_netns, peering.vpcs)
            await self._thread.run(partial(routing.connect, link, (first, second)))

    async def _lead(self, router: _Router) -> None:
        await self._thread.run(partial(self._route, router))
        if router.goes_out:
            try:
                await asyncio.to_thread(self._outside.open, router.vpc)
            except RuntimeFault as fault:  # tasks run all the same
                _log.warning("tasks of %s can't reach the outside: %s", router.vpc, fault)
        elif router.vpc in self._outside.opened():
            await asyncio.to_thread(self._outside.close, router.vpc)
            await self._thread.run(partial(outside.untap, self._layout.router_netns(router.vpc)))

    def _route(self, router: _Router) -> None:
        pin = self._layout.router_netns(router.vpc)
        if router.goes_out:
            outside.tap(pin)
        routing.lead(pin, router.ways)


def _replace_all(before: firewall.Rules | None, after: firewall.Rules) -> None:
    """The rules of both families; IPv6 is sent on only while there are some for it."""
    _replace_rules(None if before is None else before.ipv4, after.ipv4)
    if after.ipv6 is not None:
        _replace_rules(None if before is None else before.ipv6, after.ipv6)
    network.forward_ipv6(on=after.ipv6 is not None)


def _replace_rules(before: firewall.Ruleset | None, after: firewall.Ruleset) -> None:
    """By what changed; as a whole when that isn't known, or somebody else had a hand in them."""
    if before is not None:
        try:
            nft.apply(firewall.changes(before, after))
        except SandboxFailed as fault:
            _log.warning("rules are not as they were left, and made anew: %s", fault)
        else:
            return
    nft.apply(firewall.whole(after))
    network.bound_router(after.family)


def _goes_out(vpc: VpcFabric) -> bool:
    """Whether anybody there may go out, and has a route."""
    return any(i.outside for i in vpc.interfaces) and any(r.target == OUTSIDE for r in vpc.routes)


async def _try(work: Callable[[], Awaitable[None]], failed: dict[VpcId, RuntimeFault], *vpcs: VpcId) -> None:
    """Do it, unless one of these VPCs has failed already; note it when they do."""
    if any(vpc in failed for vpc in vpcs):
        return
    try:
        await work()
    except RuntimeFault as fault:
        failed.update(dict.fromkeys(vpcs, fault))
