"""``moyai appmesh compare``: compare a proxy's configuration saved from AWS with the one of this server."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from moyai.cli.appmesh.config_dump import Dump, NoDump, differences, read_dump
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.text import printable

if TYPE_CHECKING:
    from rich.text import Text

_MAX_BYTES = 64 * 1024 * 1024


class Difference(NamedTuple):
    """A difference in one resource. ``path`` is empty if the resource exists on one side only."""

    kind: str
    name: str
    path: str
    theirs: Any
    ours: Any


def compare(
    dump: Annotated[Path, typer.Argument(help="The output of `curl -s localhost:9901/config_dump` on AWS.")],
    node: Annotated[
        str | None,
        typer.Option(help="mesh/M/virtualNode/N or mesh/M/virtualGateway/G; by default the node ID in the dump."),
    ] = None,
    as_json: Json = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
) -> None:
    """Compare a proxy's configuration that was saved from AWS with the one that this server sends to the same node.

    Prints the differences by resource. Versions, times and order are ignored. Exits with 1 if anything differs.
    """
    reference_dump = _read(dump)
    node = node or reference_dump.node
    if not node:
        raise NoDump("the dump has no node ID, because it was taken without the bootstrap; name the node with --node")
    ours = read_dump(Remote(endpoint, region).read("configuration", of=node))
    differing = list(compare_dumps(reference_dump, ours))
    if as_json:
        typer.echo(json.dumps([difference._asdict() for difference in differing]))
    else:
        _print(node, reference_dump, differing)
    raise typer.Exit(1 if differing else 0)


def compare_dumps(reference_dump: Dump, moyai_dump: Dump) -> Iterator[Difference]:
    """All differences, sorted by the resource's kind and name."""
    for kind, name in sorted(reference_dump.resources.keys() | moyai_dump.resources.keys()):
        their, our = reference_dump.resources.get((kind, name)), moyai_dump.resources.get((kind, name))
        if their is None or our is None:
            yield Difference(kind, name, "", None if their is None else "there", None if our is None else "there")
            continue
        for path, their_value, our_value in differences(their, our):
            yield Difference(kind, name, path, their_value, our_value)


def _read(dump: Path) -> Dump:
    if dump.stat().st_size > _MAX_BYTES:
        raise NoDump(f"{dump} has more than {_MAX_BYTES} bytes")
    try:
        return read_dump(json.loads(dump.read_text()))
    except ValueError as error:
        raise NoDump(f"{dump} is not JSON: {error}") from error


def _print(node: str, reference_dump: Dump, differing: list[Difference]) -> None:
    from moyai.cli.output import console

    out = console()
    by_resource: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in differing:
        by_resource[difference.kind, difference.name].append(difference)
    for (kind, name), differences_of_resource in by_resource.items():
        out.print(printable(f"{kind} {name}"), style="bold")
        for difference in differences_of_resource:
            out.print(_line(difference))
    equal = len(reference_dump.resources.keys() - by_resource.keys())
    out.print(f"{printable(node)}: {equal} resources are equal, {len(by_resource)} differ")


def _line(difference: Difference) -> Text:
    from rich.text import Text

    if not difference.path:
        return Text("  only on AWS" if difference.ours is None else "  only here", style="yellow")
    theirs, ours = (json.dumps(value) for value in (difference.theirs, difference.ours))
    return Text.assemble(f"  {printable(difference.path)}: ", (theirs, "red"), " on AWS, ", (ours, "green"), " here")
