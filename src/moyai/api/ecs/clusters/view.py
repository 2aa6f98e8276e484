"""A cluster as the API shows it.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html
"""

from __future__ import annotations

from hashlib import sha256

from moyai.api.tagging import tag_list
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import World

PENDING_STATUSES = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING})
"""The statuses of tasks that are counted as pending."""
_LAUNCH_TYPES = ("EC2", "Fargate", "External")


def cluster_view(world: World, cluster: Cluster, include: frozenset[str]) -> dict[str, object]:
    """The cluster with its counts; some members only when ``include`` names them."""
    tasks = [(t.launch_type, t.last_status) for t in world.tasks.by("cluster", cluster.arn)]
    services = [(s.launch_type, s.status) for s in world.services.by("cluster", cluster.arn)]
    running = [kind for kind, status in tasks if status is TaskStatus.RUNNING]
    pending = [kind for kind, status in tasks if status in PENDING_STATUSES]
    active = [kind for kind, status in services if status is ServiceStatus.ACTIVE]
    draining = [kind for kind, status in services if status is ServiceStatus.DRAINING]
    counts = {
        "running{}TasksCount": running,
        "pending{}TasksCount": pending,
        "active{}ServiceCount": active,
        "draining{}ServiceCount": draining,
    }
    statistics = [
        {"name": name.format(kind), "value": str(kinds.count(kind.upper()))}
        for name, kinds in counts.items()
        for kind in _LAUNCH_TYPES
    ]
    instances = sum(not i.gone for i in world.container_instances.by("cluster", cluster.arn))
    namespace = cluster.default_namespace
    view: dict[str, object] = {
        "cluster_arn": cluster.arn,
        "cluster_name": cluster.name,
        "status": cluster.status,
        "registered_container_instances_count": instances,
        "running_tasks_count": len(running),
        "pending_tasks_count": len(pending),
        "active_services_count": len(active),
        "statistics": statistics if "STATISTICS" in include else [],
        "tags": tag_list(cluster.tags) if "TAGS" in include else [],
        "configuration": cluster.configuration if "CONFIGURATIONS" in include else None,
        "settings": cluster.settings if "SETTINGS" in include else [],
        "capacity_providers": cluster.capacity_providers,
        "default_capacity_provider_strategy": cluster.default_capacity_provider_strategy,
        "service_connect_defaults": None if namespace is None else {"namespace": namespace},
    }
    if "ATTACHMENTS" in include and namespace is not None:
        attachment = {"id": _attachment_id(cluster), "type": "sc", "status": "ATTACHED", "details": []}
        view |= {"attachments": [attachment], "attachments_status": "UPDATE_COMPLETE"}
    return view


def _attachment_id(cluster: Cluster) -> str:
    """A UUID that is the same for the same cluster and namespace."""
    digits = sha256(f"{cluster.arn} {cluster.default_namespace}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
