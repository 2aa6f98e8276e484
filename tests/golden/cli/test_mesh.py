"""Metrics and services in; out comes what ``moyai mesh`` prints, in several terminals and as JSON."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from rich.console import Console, RenderableType

from moyai.cli.mesh.live import render_screen
from moyai.cli.mesh.metrics import ConnectKey, MeshKey
from moyai.cli.mesh.reader import build_mesh
from moyai.cli.mesh.table import headline, table
from moyai.cli.mesh.values import EdgeFilter, MeshTraffic, NamespaceService, Span, as_json
from moyai.cli.mesh.view import View, handle_key
from moyai.testing.golden import cases

HERE = Path(__file__).parent


def mesh_of(case: dict[str, Any], wanted: EdgeFilter) -> MeshTraffic:
    kinds = {3: ConnectKey, 5: MeshKey}
    metrics = {kinds[len(row["edge"])](*row["edge"]): row["metrics"] for row in case["metrics"]}
    services = msgspec.convert(case["services"], list[NamespaceService])
    return build_mesh(metrics, services, msgspec.convert(case["span"], Span), wanted)


def render_text(renderable: RenderableType, width: int, *, colours: bool = False) -> str:
    paper = io.StringIO()
    out = Console(file=paper, width=width, highlight=False, color_system="standard" if colours else None)
    out.print(renderable)
    return paper.getvalue()


def render_case(mesh: MeshTraffic, look: dict[str, Any]) -> str:
    view, width = View(), look["width"]
    for key in look.get("keys", []):
        view = handle_key(view, key)
    if "rows" in look:
        return render_text(render_screen(mesh, view, (width, look["rows"])), width)
    colours = look.get("colours", False)
    text = render_text(table(mesh, view, width), width, colours=colours) + render_text(
        headline(mesh), width, colours=colours
    )
    return text.replace("\x1b", "\\e")


@pytest.mark.parametrize("name", cases(HERE))
def test_the_mesh_is_printed_as_expected(name, golden):
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    wanted = msgspec.convert(case.get("wanted", {}), EdgeFilter)
    mesh = mesh_of(case, wanted)
    looks = "".join(yaml_item(look, render_case(mesh, look)) for look in case["looks"])
    golden.check(name, {"looks": looks, "json": as_json(mesh) + "\n"})


def yaml_item(look: dict[str, Any], screen: str) -> str:
    """An item of a YAML list with the screen as it is, without the spaces at the ends of lines."""
    lines = "".join(f"    {line.rstrip()}".rstrip() + "\n" for line in screen.splitlines())
    return f"- look: {yaml.safe_dump(look, default_flow_style=True, width=1000)}  screen: |2\n{lines}"
