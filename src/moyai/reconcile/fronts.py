"""The reconciler of front proxies: their sandboxes, their configuration, and the observed states of load balancers.

Promise: as the reconciler of tasks, it is level-triggered. A VPC's configuration is published before the VPC is
reconciled for the same change, so that an acknowledged configuration has every load balancer that was followed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial
from typing import Final

from msgspec.structs import replace

from moyai.domain.elb.front import front_sandbox, vpc_of_front
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener, Rule
from moyai.domain.elb.target_group import Target, TargetGroup
from moyai.domain.record import StoredRecord
from moyai.domain.world import table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LoadBalancerArn, TargetGroupArn, TaskId, VpcId
from moyai.plan.action import Plan
from moyai.plan.elb.front import plan_front
from moyai.ports.store import Key
from moyai.reconcile.derived_values import publish_changes
from moyai.reconcile.execute import Executor
from moyai.reconcile.front_meshes import FrontMeshes
from moyai.reconcile.observe import Observer
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

WORKERS: Final = 4
"""VPCs worked on at the same time."""

_BALANCER: Final = table_name(LoadBalancer)
_RECORDS: Final[tuple[type[StoredRecord], ...]] = (LoadBalancer, Listener, Rule, TargetGroup, Target)
_TABLES: Final = frozenset(map(table_name, _RECORDS))
_log = logging.getLogger(__name__)


class FrontLoop:
    """Reconciles the front proxies of VPCs. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts, observer: Observer, executor: Executor) -> None:
        self._ports, self._observer, self._executor = ports, observer, executor
        self._queue = WorkQueue(ports.clock)
        self._published: set[LoadBalancerArn] = set()
        self.meshes = FrontMeshes(ports.store.world, ports.feed, ports.limits)
        """The shards of front proxies, by VPC, of all VPCs that have or had load balancers."""

    @property
    def sandboxes(self) -> frozenset[TaskId]:
        """The sandboxes of the front proxies that are needed."""
        return frozenset(front_sandbox(balancer.vpc) for balancer in self._ports.store.world.load_balancers)

    async def run(self) -> None:
        """Reconcile until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._queue.run_timers())
            group.create_task(self._follow_runtime())
            group.create_task(self._follow_feed())
            for _ in range(WORKERS):
                group.create_task(self._queue.run_worker(self._reconcile, "the front proxy of"))

    def follow(self, keys: Iterable[Key]) -> None:
        """Publish the shards that these changes concern, and queue the VPCs whose next step they may concern."""
        world = self._ports.store.world
        changed = {LoadBalancerArn(key.key) for key in keys if key.table == _BALANCER}
        balancers = [balancer for arn in changed if (balancer := world.load_balancers.get(arn)) is not None]
        for balancer in balancers:
            if balancer.vpc not in self.meshes:
                self.meshes.add(balancer.vpc)
        publish_changes(self.meshes, keys)
        self._published -= changed
        self._published |= {balancer.arn for balancer in balancers}
        for vpc in sorted(self._concerned_vpcs(keys)):
            self._queue.add(vpc)

    def add_all(self) -> None:
        """Queue every VPC that has load balancers or target groups."""
        for vpc in {*self.meshes.keys(), *(group.vpc for group in self._ports.store.world.target_groups)}:
            self._queue.add(vpc)

    async def _reconcile(self, key: str) -> Instant | None:
        return await self._executor.carry_out(partial(self._plan, VpcId(key)))

    async def _plan(self, vpc: VpcId) -> Plan:
        """The plan for a VPC. Its changes are recorded already: nothing is awaited between plan and record."""
        ports = self._ports
        observed = await self._observer.observe_front(vpc)
        observed = replace(observed, published=frozenset(self._published))
        plan = plan_front(ports.store.world, observed, vpc, ports.clock.now())
        if plan.changes:
            ports.store.apply(plan.changes)
        return plan

    def _concerned_vpcs(self, keys: Iterable[Key]) -> set[VpcId]:
        """The VPCs whose next step these changes may concern; a record that is gone may concern any of them."""
        vpcs: set[VpcId] = set()
        for key in keys:
            if key.table in _TABLES:
                vpc = self._vpc_of(key)
                vpcs.update(self.meshes.keys() if vpc is None else (vpc,))
        return vpcs

    def _vpc_of(self, key: Key) -> VpcId | None:
        world = self._ports.store.world
        match key.table:
            case "target_group" | "target":
                group = world.target_groups.get(TargetGroupArn(key.key.partition(" ")[0]))
                return None if group is None else group.vpc
            case "listener_rule":
                rule = world.rules.get(key.key)
                listener = None if rule is None else world.listeners.get(rule.listener)
            case "listener":
                listener = world.listeners.get(key.key)
            case _:
                listener = None
        balancer = world.load_balancers.get(key.key if listener is None else listener.load_balancer)
        return None if balancer is None else balancer.vpc

    async def _follow_runtime(self) -> None:
        async for task_id in self._ports.runtime.changes():
            for balancer in self._ports.store.world.load_balancers.by("front", task_id):
                self._queue.add(balancer.vpc)

    async def _follow_feed(self) -> None:
        async for proxy in self._ports.feed.changes():
            vpc = vpc_of_front(proxy)
            if vpc is not None:
                self._queue.add(vpc)
