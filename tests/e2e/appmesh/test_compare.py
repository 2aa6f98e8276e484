"""A proxy's real configuration equals the one that it is sent; of a different one, the comparison says where."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.e2e.appmesh.stage import Stage, listener, to
from tests.e2e.installation import MOYAI, Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


def test_compare_accepts_a_proxys_own_dump_and_shows_differences_to_another(server: Installation, tmp_path):
    stage = Stage(server, "compared")
    stage.node("white", listener())
    stage.router("color", {"port": 8080, "protocol": "http"})
    headers = [{"name": "x-color", "match": {"exact": "white"}}]
    stage.route("color", "white", httpRoute={"match": {"prefix": "/", "headers": headers}, "action": to("white")})
    stage.service("color", router="color")
    stage.colour("white", 8080)
    front = stage.client("front", "color")
    stage.cluster.steady("white")
    url = f"http://color.{stage.domain}:8080/"
    eventually(lambda: front.get(url, headers={"x-color": "white"}).get("status") == 200, "white is called")
    saved = tmp_path / "dump.json"
    saved.write_text(front.get("http://localhost:9901/config_dump?include_eds")["text"])
    assert compare(server, str(saved)) == (0, [])
    text = saved.read_text()
    saved.write_text(text.replace('"exact": "white"', '"exact": "red"'))
    code, ((kind, name, path, theirs, ours),) = compare(server, str(saved))
    assert (code, kind, name, theirs, ours) == (1, "routes", "rds_egress_http_8080", "red", "white")
    assert path.endswith(".headers[0].string_match.exact")


def compare(server: Installation, dump: str) -> tuple[int, list[tuple[Any, ...]]]:
    """The command's end, and what it found."""
    command = [*MOYAI, "appmesh", "compare", dump, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, env=server.environment(), check=False, timeout=60)
    return ran.returncode, [tuple(one.values()) for one in json.loads(ran.stdout)]
