"""The shards of front proxies, each joined from the parts of its VPC's load balancers.

Promise: a change recomputes the parts of the load balancers that it concerns only; a shard is published with all parts.
A VPC has to be added when it gets a load balancer, because a default VPC may have no record that would notify.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from typing_extensions import override

from moyai.domain.derived import Derived
from moyai.domain.elb.front import front_workload
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.sandbox.open_files import MOST, OpenLimits
from moyai.domain.world import World
from moyai.kernel.ids import VpcId
from moyai.mesh.ir import MeshIR
from moyai.mesh.load_balancing import compile_load_balancer, join_parts
from moyai.ports.proxies import ProxyFeed


class FrontMeshes(Derived[VpcId, MeshIR]):
    """The shards by VPC, which are published to ``feed``. ``limits``: what each front proxy may have open."""

    def __init__(self, world: World, feed: ProxyFeed, limits: OpenLimits = MOST) -> None:
        super().__init__(world, self._join, MeshIR(), publish=self._publish_shard)
        self._parts = Derived(world, partial(compile_load_balancer, limits=limits), MeshIR(), LoadBalancer)
        self._feed, self._limits = feed, limits

    @override
    def invalidate(self, records: Iterable[tuple[str, str]]) -> tuple[VpcId, ...]:
        changed = tuple(records)
        for arn in self._parts.invalidate(changed):
            balancer = self._world.load_balancers.get(arn)
            if balancer is None:
                self._parts.update(arn)
            else:
                self.add(balancer.vpc)
        return super().invalidate(changed)

    @override
    def update(self, key: VpcId) -> None:
        """Compute a shard. If no change concerns it, this is a resync, which computes all of its parts as well."""
        if not self.is_stale(key):
            for balancer in self._world.load_balancers.by("vpc", key):
                self._parts.add(balancer.arn)
        super().update(key)

    def _join(self, world: World, vpc: VpcId) -> MeshIR:
        arns = sorted(balancer.arn for balancer in world.load_balancers.by("vpc", vpc))
        for arn in arns:
            if self._parts.is_stale(arn) or arn not in self._parts.values:
                self._parts.update(arn)
        parts = [self._parts.values[arn] for arn in arns if arn in self._parts.values]
        return join_parts(vpc, parts, self._limits, self.values.get(vpc, MeshIR()))

    def _publish_shard(self, vpc: VpcId, before: MeshIR, mesh: MeshIR) -> None:
        del before
        self._feed.publish(mesh, front_workload(vpc))
