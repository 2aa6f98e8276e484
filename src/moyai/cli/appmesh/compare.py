"""``moyai appmesh compare``: a proxy's configuration as AWS had it, held against ours."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.text import Text

from moyai.cli.appmesh.config_dump import Dump, NoDump, differences, read_dump
from moyai.cli.console import console
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote

_LARGEST = 64 * 1024 * 1024


class Difference(NamedTuple):
    """Of one resource: ``path`` empty where it is only on one side."""

    kind: str
    name: str
    path: str
    theirs: Any
    ours: Any


def compare(
    dump: Annotated[Path, typer.Argument(help="What `curl -s localhost:9901/config_dump` printed on AWS.")],
    node: Annotated[
        str | None, typer.Option(help="mesh/M/virtualNode/N or mesh/M/virtualGateway/G; else the dump's own node id.")
    ] = None,
    as_json: Json = False,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
) -> None:
    """Hold a proxy's configuration that was saved from AWS against what this server gives the same node.

    Says resource by resource what differs, by name: versions, times and order don't count. Ends with 1 where anything
    does.
    """
    theirs = _read(dump)
    of = node or theirs.node
    if not of:
        raise NoDump(
            "The dump doesn't say whose it is (it was taken without the bootstrap): name the node with --node."
        )
    ours = read_dump(Remote(endpoint, region).configuration(of))
    found = list(compared(theirs, ours))
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found]))
    else:
        _show(of, theirs, found)
    raise typer.Exit(1 if found else 0)


def compared(theirs: Dump, ours: Dump) -> Iterator[Difference]:
    """Every difference, by kind and name."""
    for kind, name in sorted(theirs.resources.keys() | ours.resources.keys()):
        one, other = theirs.resources.get((kind, name)), ours.resources.get((kind, name))
        if one is None or other is None:
            yield Difference(kind, name, "", None if one is None else "there", None if other is None else "there")
            continue
        for path, said, says in differences(one, other):
            yield Difference(kind, name, path, said, says)


def _read(dump: Path) -> Dump:
    if dump.stat().st_size > _LARGEST:
        raise NoDump(f"{dump} has more than {_LARGEST} bytes.")
    try:
        return read_dump(json.loads(dump.read_text()))
    except ValueError as error:
        raise NoDump(f"{dump} is not JSON: {error}") from error


def _show(node: str, theirs: Dump, found: list[Difference]) -> None:
    out = console()
    by_resource: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for one in found:
        by_resource[one.kind, one.name].append(one)
    for (kind, name), several in by_resource.items():
        out.print(Text(f"{kind} {name}", style="bold"))
        for one in several:
            out.print(_line(one))
    same = len(theirs.resources.keys() - by_resource.keys())
    out.print(Text(f"{node}: {same} resources are alike, {len(by_resource)} differ"))


def _line(one: Difference) -> Text:
    if not one.path:
        return Text("  only on AWS" if one.ours is None else "  only here", style="yellow")
    theirs, ours = (json.dumps(said) for said in (one.theirs, one.ours))
    return Text.assemble(f"  {one.path}: ", (theirs, "red"), " on AWS, ", (ours, "green"), " here")
