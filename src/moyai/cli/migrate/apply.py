"""Carries out a migration on a running server: one service after the other, waiting for each deployment.

A run can be repeated. A failed deployment ends the run with the reason from its service; services that were migrated
remain so, and the others can still call them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from moyai.cli.migrate.plan import Export, Migration, Move
from moyai.cli.remote import Remote, pages
from moyai.kernel.errors import MoyaiError

PrintLine = Callable[[str], None]
_POLL_SECONDS = 0.5
_TIMEOUT = 1800.0
"""Seconds to wait for the deployment of one service."""


class MigrationFailed(MoyaiError):
    """A service's deployment did not succeed."""


def apply(remote: Remote, migration: Migration, print_line: PrintLine, only: str | None = None) -> None:
    """Migrate all services, or only the one named ``only``. Raises MigrationFailed."""
    moves = [move for move in migration.moves if only in {None, move.service, move.node}]
    if only is not None and not moves:
        why = migration.stays.get(only, "the mesh has no ECS service of that name")
        raise MigrationFailed(f"{only} cannot be migrated: {why}")
    cloudmap, ecs = remote.client("servicediscovery"), remote.client("ecs")
    for export in migration.exports:
        _export(cloudmap, export)
    print_line(f"{len(migration.exports)} names can be called from Service Connect")
    for move in moves:
        _move(ecs, move, print_line)


def _export(cloudmap: Any, export: Export) -> None:  # noqa: ANN401 (a botocore client)
    for namespace in pages(cloudmap, "list_namespaces", "Namespaces"):
        if namespace["Name"] != export.place.namespace:
            continue
        in_namespace = [{"Name": "NAMESPACE_ID", "Values": [namespace["Id"]]}]
        for service in pages(cloudmap, "list_services", "Services", Filters=in_namespace):
            if service["Name"] == export.place.service:
                cloudmap.update_service_attributes(ServiceId=service["Id"], Attributes=dict(export.attributes))


def _move(ecs: Any, move: Move, print_line: PrintLine) -> None:  # noqa: ANN401
    if move.tags:
        tags = [{"key": key, "value": value} for key, value in sorted(move.tags.items())]
        ecs.tag_resource(resourceArn=move.service_arn, tags=tags)
    definition_arn = ecs.register_task_definition(**move.definition)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(**(dict(move.update) | {"taskDefinition": definition_arn}))
    print_line(f"{move.service}: deploying {definition_arn.rpartition('/')[2]}")
    _wait_until_steady(ecs, move)
    print_line(f"{move.service}: migrated")


def _wait_until_steady(ecs: Any, move: Move) -> None:  # noqa: ANN401
    began = time.monotonic()
    while time.monotonic() - began < _TIMEOUT:
        (service,) = ecs.describe_services(cluster=move.cluster, services=[move.service])["services"]
        newest = service["deployments"][0]
        if newest["rolloutState"] == "FAILED":
            raise MigrationFailed(f"{move.service} was not migrated: {newest.get('rolloutStateReason', '')}")
        if newest["rolloutState"] == "COMPLETED" and len(service["deployments"]) == 1:
            return
        time.sleep(_POLL_SECONDS)
    raise MigrationFailed(f"{move.service} is not steady after {_TIMEOUT:g} s; see its events")
