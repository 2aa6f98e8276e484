"""``CPUReservation`` and ``MemoryReservation``: how much of a cluster's container instances its tasks have. Pure.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import World
from moyai.plan.placement.resources import left_of
from moyai.telemetry.insights import Point
from moyai.telemetry.names import AWS, Kind


def reservation(world: World, cluster: Cluster) -> Iterator[Point]:
    """In percent; nothing for a cluster without container instances."""
    instances = [one for one in world.container_instances.by("cluster", cluster.arn) if not one.gone]
    left = [left_of(world, one) for one in instances]
    for name, whole, free in (
        ("CPUReservation", sum(one.resources.cpu for one in instances), sum(one.cpu for one in left)),
        ("MemoryReservation", sum(one.resources.memory for one in instances), sum(one.memory for one in left)),
    ):
        if whole:
            metric = metric_id(AWS, name, [("ClusterName", cluster.name)])
            yield Point(metric, "Percent", Kind.MEAN, 100 * (whole - free) / whole, cluster.arn)
