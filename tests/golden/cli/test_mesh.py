"""Figures and services in; out comes what ``moyai mesh`` shows of them, in some terminals and as JSON."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from rich.console import Console, RenderableType

from moyai.cli.mesh.figures import Key, MeshKey
from moyai.cli.mesh.join import joined
from moyai.cli.mesh.live import drawn
from moyai.cli.mesh.table import headline, table
from moyai.cli.mesh.values import Mesh, Service, Span, Wanted, as_json
from moyai.cli.mesh.view import View, pressed
from moyai.testing.golden import Golden, cases

HERE = Path(__file__).parent


def mesh_of(case: dict[str, Any], wanted: Wanted) -> Mesh:
    kinds = {3: Key, 5: MeshKey}
    figures = {kinds[len(row["edge"])](*row["edge"]): row["figures"] for row in case["figures"]}
    services = msgspec.convert(case["services"], list[Service])
    return joined(figures, services, msgspec.convert(case["span"], Span), wanted)


def printed(what: RenderableType, width: int, *, colours: bool = False) -> str:
    paper = io.StringIO()
    out = Console(file=paper, width=width, highlight=False, color_system="standard" if colours else None)
    out.print(what)
    return paper.getvalue()


def shown(mesh: Mesh, look: dict[str, Any]) -> str:
    view, width = View(), look["width"]
    for key in look.get("keys", []):
        view = pressed(view, key)
    if "rows" in look:
        return printed(drawn(mesh, view, (width, look["rows"])), width)
    colours = look.get("colours", False)
    said = printed(table(mesh, view, width), width, colours=colours) + printed(headline(mesh), width, colours=colours)
    return said.replace("\x1b", "\\e")


@pytest.mark.parametrize("name", cases(HERE))
def test_the_mesh_is_shown_like_this(name, golden_update):
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    wanted = msgspec.convert(case.get("wanted", {}), Wanted)
    mesh = mesh_of(case, wanted)
    looks = "".join(written(look, shown(mesh, look)) for look in case["looks"])
    Golden(HERE, update=golden_update).check(name, {"looks": looks, "json": as_json(mesh) + "\n"})


def written(look: dict[str, Any], screen: str) -> str:
    """An item of a YAML list in which the screen stands as it is, but for spaces that nobody sees."""
    lines = "".join(f"    {line.rstrip()}".rstrip() + "\n" for line in screen.splitlines())
    return f"- look: {yaml.safe_dump(look, default_flow_style=True, width=1000)}  screen: |2\n{lines}"


def test_nothing_is_left_of_cases_that_are_gone(golden_update):
    Golden(HERE, update=golden_update).check_orphans(cases(HERE))
