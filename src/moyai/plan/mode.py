"""Whether a cluster's tasks keep the names that their deployment froze, as on AWS, or see new ones at once."""

from __future__ import annotations

from moyai.domain.own_tags import LIVE_ENDPOINTS, ON
from moyai.domain.world import World
from moyai.kernel.ids import ClusterArn


def is_live(world: World, cluster: ClusterArn) -> bool:
    """Whether the cluster's running tasks see new names: by its own tag, else by the installation's default."""
    known = world.clusters.get(cluster)
    said = None if known is None else known.tags.get(LIVE_ENDPOINTS)
    return world.defaults.live_endpoints if said is None else said == ON
