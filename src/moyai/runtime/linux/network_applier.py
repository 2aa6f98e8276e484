"""Applies a network specification to the machine: first each VPC's rules, then the links between VPCs, then routes and
egress.

Promise: only changes are applied, compared with what this process applied last. For a router that this process has not
configured yet, and when it gets the same specification again, it compares with the kernel instead: rules are replaced
as a whole and atomically, links and routes are compared one by one. The router of a VPC that is in no specification any
more forwards nothing, and is removed once no task is connected to it. A failure in one VPC does not stop the others;
that VPC is configured completely the next time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from moyai.domain.sandbox.network_spec import OUTSIDE, NetworkSpec, Peering, VpcSpec
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import NetworksFailed, RuntimeFault, SandboxFailed
from moyai.runtime.linux.network import namespaces, router, routes, security_groups
from moyai.runtime.linux.network.configure import apply_rules
from moyai.runtime.linux.network.connection_limits import limit_router_connections
from moyai.runtime.linux.network.interface_names import peering_link
from moyai.runtime.linux.network.namespaces import NetworkThread
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import nat_egress
from moyai.runtime.linux.system_containers.nat_egress import NatEgress

_log = logging.getLogger(__name__)


class _RouterConfig(msgspec.Struct, frozen=True):
    """The wanted configuration of one router. ``cidr`` None: its VPC is in no specification any more."""

    vpc: VpcId
    cidr: str | None = None
    rules: security_groups.RouterRules = security_groups.RouterRules(security_groups.DENY_ALL)
    tables: routes.RouteTables = routes.RouteTables()
    peering_links: frozenset[str] = frozenset()
    has_egress: bool = False

    def routes_like(self, other: _RouterConfig | None) -> bool:
        """Whether links, routes and egress are those of ``other``."""
        return other is not None and (self.tables, self.peering_links, self.has_egress) == (
            other.tables,
            other.peering_links,
            other.has_egress,
        )


class NetworkApplier:
    """Applies network specifications, one at a time."""

    def __init__(self, paths: RuntimePaths, thread: NetworkThread, egress: NatEgress) -> None:
        self._paths = paths
        self._thread = thread
        self._egress = egress
        self._applied: dict[VpcId, _RouterConfig] = {}
        self._last: NetworkSpec | None = None
        self._missing: str | None = None
        self._lock = asyncio.Lock()

    async def apply(self, spec: NetworkSpec) -> None:
        """Make the machine's networks those of the specification, and no others. Raises NetworksFailed."""
        async with self._lock:
            await self._apply(spec)

    async def _apply(self, spec: NetworkSpec) -> None:
        is_repeated, self._last = spec == self._last, spec
        before, self._applied = self._applied, {}  # so that an interrupted VPC does not count as applied
        failed: dict[VpcId, RuntimeFault] = {}
        router_configs = self._router_configs(spec)
        for vpc, config in router_configs.items():
            await _attempt(partial(self._apply_rules, config, before.get(vpc)), failed, vpc)
        for peering in spec.peerings:
            await _attempt(partial(self._connect, peering, {} if is_repeated else before), failed, *peering.vpcs)
        for vpc, config in router_configs.items():
            if is_repeated or not config.routes_like(before.get(vpc)):
                await _attempt(partial(self._apply_routes, config), failed, vpc)
        self._applied = {vpc: config for vpc, config in router_configs.items() if vpc not in failed}
        for vpc in [vpc for vpc, config in self._applied.items() if config.cidr is None]:
            await _attempt(partial(self._remove_idle, vpc), failed, vpc)
        if failed:
            raise NetworksFailed(str(next(iter(failed.values()))), failed)

    async def teardown(self) -> None:
        """End all egress and forget what was applied. The caller removes the routers."""
        async with self._lock:
            self._applied, self._last = {}, None
            for vpc in self._egress.vpcs():
                await asyncio.to_thread(self._egress.stop, vpc)

    async def _remove_idle(self, vpc: VpcId) -> None:
        """Remove the idle router of a VPC; it is made again when it is needed."""
        if await self._thread.run(partial(router.remove_idle_router, self._paths.router_netns(vpc))):
            del self._applied[vpc]

    def _router_configs(self, spec: NetworkSpec) -> Mapping[VpcId, _RouterConfig]:
        """The configuration of every router that is needed or exists."""
        groups = {group.id: group for group in spec.groups}
        can_have_egress = self._can_have_egress(spec)
        existing = (VpcId(netns.name.removeprefix("vpc-")) for netns in sorted(self._paths.netns.glob("vpc-*")))
        configs = {vpc: _RouterConfig(vpc) for vpc in existing}
        for vpc in spec.vpcs:
            configs[vpc.vpc] = _RouterConfig(
                vpc.vpc,
                vpc.cidr,
                security_groups.router_rules(vpc, groups),
                routes.route_tables(vpc),
                frozenset(peering_link(peering.id) for peering in spec.peerings if vpc.vpc in peering.vpcs),
                can_have_egress and _needs_egress(vpc),
            )
        return configs

    def _can_have_egress(self, spec: NetworkSpec) -> bool:
        """Whether this machine can provide egress. Logs once what is missing, when a VPC needs it."""
        missing = nat_egress.missing_requirement() if any(_needs_egress(vpc) for vpc in spec.vpcs) else None
        if missing is not None and missing != self._missing:
            _log.warning("%s", missing)
        self._missing = missing
        return missing is None

    async def _apply_rules(self, config: _RouterConfig, before: _RouterConfig | None) -> None:
        if before is None or before.rules != config.rules or before.peering_links != config.peering_links:
            await self._thread.run(partial(self._restrict, config, before))

    def _restrict(self, config: _RouterConfig, before: _RouterConfig | None) -> None:
        """Put the rules in place and remove obsolete links. New links and routes come later."""
        netns = self._paths.router_netns(config.vpc)
        if config.cidr is not None:
            router.create_router(netns, config.cidr)
        with namespaces.inside(netns):
            _replace_router_rules(None if before is None else before.rules, config.rules)
        if before is None or before.peering_links != config.peering_links:
            routes.disconnect_routers(netns, config.peering_links)

    async def _connect(self, peering: Peering, before: Mapping[VpcId, _RouterConfig]) -> None:
        link = peering_link(peering.id)
        if any(vpc not in before or link not in before[vpc].peering_links for vpc in peering.vpcs):
            first, second = map(self._paths.router_netns, peering.vpcs)
            await self._thread.run(partial(routes.connect_routers, link, (first, second)))

    async def _apply_routes(self, config: _RouterConfig) -> None:
        await self._thread.run(partial(self._route, config))
        if config.has_egress:
            try:
                await asyncio.to_thread(self._egress.start, config.vpc)
            except RuntimeFault as fault:  # tasks can run without it
                _log.warning("tasks of %s can't reach the outside: %s", config.vpc, fault)
        elif config.vpc in self._egress.vpcs():
            await asyncio.to_thread(self._egress.stop, config.vpc)
            await self._thread.run(partial(nat_egress.remove_tap, self._paths.router_netns(config.vpc)))

    def _route(self, config: _RouterConfig) -> None:
        netns = self._paths.router_netns(config.vpc)
        if config.has_egress:
            nat_egress.create_tap(netns)
        routes.apply_routes(netns, config.tables)


def _replace_router_rules(before: security_groups.RouterRules | None, after: security_groups.RouterRules) -> None:
    """Replace the rules of both families. IPv6 is forwarded only while it has rules."""
    _replace_rules(None if before is None else before.ipv4, after.ipv4)
    if after.ipv6 is not None:
        _replace_rules(None if before is None else before.ipv6, after.ipv6)
    router.set_ipv6_forwarding(on=after.ipv6 is not None)


def _replace_rules(before: security_groups.Ruleset | None, after: security_groups.Ruleset) -> None:
    """Apply the difference; or the whole rule set, if the kernel's is unknown or was changed by others."""
    if before is not None:
        try:
            apply_rules(security_groups.change_script(before, after))
        except SandboxFailed as fault:
            _log.warning("another program has changed a router's rules, which are replaced: %s", fault)
        else:
            return
    apply_rules(security_groups.replacement_script(after))
    limit_router_connections(after.family)


def _needs_egress(vpc: VpcSpec) -> bool:
    """Whether the VPC has a task that may go out, and a route for it."""
    return any(i.outside for i in vpc.interfaces) and any(r.target == OUTSIDE for r in vpc.routes)


async def _attempt(work: Callable[[], Awaitable[None]], failed: dict[VpcId, RuntimeFault], *vpcs: VpcId) -> None:
    """Do the work, unless one of these VPCs has failed before, and record in ``failed`` if it fails now."""
    if any(vpc in failed for vpc in vpcs):
        return
    try:
        await work()
    except RuntimeFault as fault:
        failed.update(dict.fromkeys(vpcs, fault))
