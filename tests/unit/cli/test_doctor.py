"""``moyai doctor`` where no server answers."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from moyai.cli.main import command_line

NOWHERE = ("--endpoint", "http://127.0.0.1:1")


def test_without_a_server_it_says_so_and_what_to_do():
    ended = CliRunner().invoke(command_line(), ["doctor", *NOWHERE])
    assert ended.exit_code == 1
    assert "problem: server: http://127.0.0.1:1" in ended.stdout
    assert "moyai up" in ended.stdout


def test_as_json():
    ended = CliRunner().invoke(command_line(), ["doctor", "--json", *NOWHERE])
    (finding,) = [f for f in json.loads(ended.stdout)["findings"] if f["kind"] == "server"]
    assert finding.keys() == {"severity", "kind", "subject", "message", "remedy"}
