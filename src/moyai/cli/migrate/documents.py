"""Reads the documents of an inventory: from files, or from a running server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from moyai.cli.migrate.inventory import Json, Unreadable
from moyai.cli.remote import Remote, pages

_MAX_BYTES = 16 * 1024 * 1024
_SERVICES_AT_ONCE = 10


def from_files(paths: Iterable[Path]) -> Iterator[tuple[str, Json]]:
    """The JSON documents in these files, and in the files ``*.json`` of these directories. Raises Unreadable."""
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise Unreadable(f"{path} has no files named *.json")
        for file in files:
            yield from _documents(file)


def _documents(file: Path) -> Iterator[tuple[str, Json]]:
    """The documents in a file, which may follow each other as a loop over ``aws … describe`` writes them."""
    if file.stat().st_size > _MAX_BYTES:
        raise Unreadable(f"{file} has more than {_MAX_BYTES} bytes")
    text, decoder, position = file.read_text().strip(), json.JSONDecoder(), 0
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except ValueError as error:
            raise Unreadable(f"{file} is not JSON: {error}") from error
        for document in value if isinstance(value, list) else [value]:
            if not isinstance(document, dict):
                raise Unreadable(f"{file} contains something other than JSON objects")
            yield str(file), document
        position = end + len(text[end:]) - len(text[end:].lstrip())


def from_server(remote: Remote, mesh: str) -> Iterator[tuple[str, Json]]:
    """The documents of a mesh and of all ECS services of a running server."""
    yield from _mesh(remote.client("appmesh"), mesh)
    yield from _ecs(remote.client("ecs"))


def _mesh(appmesh: Any, mesh: str) -> Iterator[tuple[str, Json]]:  # noqa: ANN401 (a botocore client)
    mesh_parameter = {"meshName": mesh}
    yield "the mesh", {"mesh": appmesh.describe_mesh(**mesh_parameter)["mesh"]}
    for kind, listing in (
        ("virtualNode", "virtual_nodes"),
        ("virtualService", "virtual_services"),
        ("virtualRouter", "virtual_routers"),
        ("virtualGateway", "virtual_gateways"),
    ):
        for item in pages(appmesh, f"list_{listing}", f"{kind}s", **mesh_parameter):
            names = mesh_parameter | {f"{kind}Name": item[f"{kind}Name"]}
            yield kind, {kind: getattr(appmesh, f"describe_{listing[:-1]}")(**names)[kind]}
            if kind == "virtualRouter":
                yield from _routes(appmesh, names, "route", "routes")
            if kind == "virtualGateway":
                yield from _routes(appmesh, names, "gatewayRoute", "gateway_routes")


def _routes(appmesh: Any, parent: Json, kind: str, listing: str) -> Iterator[tuple[str, Json]]:  # noqa: ANN401
    for item in pages(appmesh, f"list_{listing}", f"{kind}s", **parent):
        parameters = dict(parent) | {f"{kind}Name": item[f"{kind}Name"]}
        yield kind, {kind: getattr(appmesh, f"describe_{listing[:-1]}")(**parameters)[kind]}


def _ecs(ecs: Any) -> Iterator[tuple[str, Json]]:  # noqa: ANN401
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        arns = list(pages(ecs, "list_services", "serviceArns", cluster=cluster))
        for first in range(0, len(arns), _SERVICES_AT_ONCE):
            batch = arns[first : first + _SERVICES_AT_ONCE]
            services = ecs.describe_services(cluster=cluster, services=batch)["services"]
            yield "services", {"services": services}
            for definition in sorted({service["taskDefinition"] for service in services}):
                described = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
                yield "taskDefinition", {"taskDefinition": described}
