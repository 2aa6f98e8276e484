"""A migration, carried out on a running moyai: one service after the other, each until it is steady.

Promise: what was done may be done again. A deployment that fails ends the run with what its service says; what has
moved until then stays moved, and goes on being called by those that have not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from moyai.cli.migrate.plan import Export, Migration, Move
from moyai.cli.remote import Remote, pages
from moyai.kernel.errors import MoyaiError

Told = Callable[[str], None]
_STEP = 0.5
_PATIENCE = 1800.0
"""Seconds for one service, as long as ``aws ecs wait`` is worth waiting for."""


class NotMoved(MoyaiError):
    """A service's deployment did not succeed."""


def apply(remote: Remote, migration: Migration, tell: Told, only: str | None = None) -> None:
    """Do it all, or what concerns one service. Raises NotMoved."""
    moves = [move for move in migration.moves if only in {None, move.service, move.node}]
    if only is not None and not moves:
        why = migration.stays.get(only, "no ECS service of that name is in the mesh")
        raise NotMoved(f"{only} can't be moved: {why}.")
    cloudmap, ecs = remote.client("servicediscovery"), remote.client("ecs")
    for export in migration.exports:
        _export(cloudmap, export)
    tell(f"{len(migration.exports)} names can be called from Service Connect")
    for move in moves:
        _move(ecs, move, tell)


def _export(cloudmap: Any, export: Export) -> None:  # noqa: ANN401 (a botocore client)
    for namespace in pages(cloudmap, "list_namespaces", "Namespaces"):
        if namespace["Name"] != export.place.namespace:
            continue
        inside = [{"Name": "NAMESPACE_ID", "Values": [namespace["Id"]]}]
        for service in pages(cloudmap, "list_services", "Services", Filters=inside):
            if service["Name"] == export.place.service:
                cloudmap.update_service_attributes(ServiceId=service["Id"], Attributes=dict(export.attributes))


def _move(ecs: Any, move: Move, tell: Told) -> None:  # noqa: ANN401
    if move.tags:
        tags = [{"key": key, "value": value} for key, value in sorted(move.tags.items())]
        ecs.tag_resource(resourceArn=move.service_arn, tags=tags)
    registered = ecs.register_task_definition(**move.definition)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(**(dict(move.update) | {"taskDefinition": registered}))
    tell(f"{move.service}: deploying {registered.rpartition('/')[2]}")
    _steady(ecs, move)
    tell(f"{move.service}: moved")


def _steady(ecs: Any, move: Move) -> None:  # noqa: ANN401
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE:
        (service,) = ecs.describe_services(cluster=move.cluster, services=[move.service])["services"]
        newest = service["deployments"][0]
        if newest["rolloutState"] == "FAILED":
            raise NotMoved(f"{move.service} was not moved: {newest.get('rolloutStateReason', '')}")
        if newest["rolloutState"] == "COMPLETED" and len(service["deployments"]) == 1:
            return
        time.sleep(_STEP)
    raise NotMoved(f"{move.service} is not steady after {_PATIENCE:g} s; its events say why.")
