"""Writes a migration as inputs for the AWS CLI (``--cli-input-json``) and a script with its commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

from moyai.cli.migrate.plan import Export, Migration, Move
from moyai.cli.migrate.report import as_json


def write(migration: Migration, folder: Path) -> list[Path]:
    """Write all files into the directory, which is created if necessary. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {"report.json": _text(as_json(migration))}
    for move in migration.moves:
        files |= {name: _text(value) for name, value in _inputs(move)}
    files["steps.sh"] = "\n".join(_steps(migration)) + "\n"
    paths = []
    for name, text in files.items():
        path = folder / name
        path.write_text(text)
        paths.append(path)
    return paths


def _inputs(move: Move) -> Iterator[tuple[str, Any]]:
    yield f"{move.service}.task-definition.json", move.definition
    yield f"{move.service}.service.json", move.update
    if move.tags:
        tags = [{"key": key, "value": value} for key, value in sorted(move.tags.items())]
        yield f"{move.service}.tags.json", {"resourceArn": move.service_arn, "tags": tags}


def _steps(migration: Migration) -> Iterator[str]:
    """The script. Its first part lets migrated callers reach services that have not been migrated yet."""
    yield "#!/bin/sh"
    yield f"# Migrates the services of the mesh {migration.mesh} to Service Connect, one after the other."
    yield "set -eu"
    yield 'cd "$(dirname "$0")"'
    yield ""
    yield "# Lets migrated callers reach services that are not migrated yet. On AWS these attributes have no effect."
    for export in migration.exports:
        yield from _export(export)
    for move in migration.moves:
        yield ""
        yield f"# {move.service}"
        if move.tags:
            yield f"aws ecs tag-resource --cli-input-json {quote(f'file://{move.service}.tags.json')}"
        definition, service = f"file://{move.service}.task-definition.json", f"file://{move.service}.service.json"
        yield f"aws ecs register-task-definition --cli-input-json {quote(definition)}"
        yield f"aws ecs update-service --cli-input-json {quote(service)}"
        yield f"aws ecs wait services-stable --cluster {quote(move.cluster)} --services {quote(move.service)}"


def _export(export: Export) -> Iterator[str]:
    attributes = json.dumps(dict(export.attributes))
    namespace = f"Namespaces[?Name=='{export.place.namespace}'].Id"
    yield f"namespace=$(aws servicediscovery list-namespaces --query {quote(namespace)} --output text)"
    service = f"Services[?Name=='{export.place.service}'].Id"
    yield (
        'service=$(aws servicediscovery list-services --filters "Name=NAMESPACE_ID,Values=$namespace"'
        f" --query {quote(service)} --output text)"
    )
    yield f'aws servicediscovery update-service-attributes --service-id "$service" --attributes {quote(attributes)}'


def _text(value: Any) -> str:  # noqa: ANN401 (whatever JSON can hold)
    return json.dumps(value, indent=2, default=str) + "\n"
