"""Mistakes of users: nothing is lost by them, and one line says what is wrong."""

from __future__ import annotations

import io
import subprocess
from types import MappingProxyType

import pytest

from tests.e2e.commands import CommandRunner, all_commands
from tests.e2e.installation import GRACE, MOYAI, Installation

pytestmark = pytest.mark.e2e

COMMANDS = all_commands()
OF_A_SERVER = sorted(name for name, command in COMMANDS.items() if any("--endpoint" in p.opts for p in command.params))
NOT_TRIED = MappingProxyType(
    {
        "env": "it prints what it is told",
        "doctor": "it reports that the server does not run",
        "appmesh compare": "it reads a file first",
    }
)
ARGUMENTS = MappingProxyType(
    {
        "file put": ["s3://config/app.env", __file__],
        "file rm": ["s3://config/app.env"],
        "secret put": ["name", "value"],
        "migrate appmesh": ["shop"],
    }
)
"""The arguments of commands that would refuse any other ones."""


def failing_lines(*arguments: str) -> list[str]:
    """Run a command that must fail; the lines that it said."""
    ran = subprocess.run([*MOYAI, *arguments], capture_output=True, text=True, check=False, timeout=GRACE)
    assert ran.returncode == 1, ran
    return ran.stderr.splitlines()


def test_down_forget_deletes_only_moyais_files(tmp_path):
    home = tmp_path / "home"
    (home / "photos").mkdir(parents=True)
    (home / "thesis.txt").write_text("the only copy")
    (home / "images").symlink_to(home / "photos")
    (home / "photos" / "moyai.jpg").touch()
    installation = Installation(home, "--runtime", "sim")
    installation.up()
    installation.down("--forget")
    assert sorted(str(path.relative_to(home)) for path in home.rglob("*")) == [
        "photos",
        "photos/moyai.jpg",
        "thesis.txt",
    ]


def test_a_deeply_nested_state_directory_works(tmp_path):
    installation = Installation(tmp_path / ("deep" * 40) / "with a space")
    installation.state.parent.mkdir()
    installation.up()
    try:
        assert installation.own("GET", "health")
        assert (installation.state / "run/xds.sock").is_socket()
    finally:
        assert installation.leave() == []


@pytest.mark.parametrize("address", ["999.1.1.1", "example.com", ""])
def test_an_invalid_listen_address_is_refused_in_one_line(tmp_path, address):
    (line,) = failing_lines("up", "--state", str(tmp_path / "state"), "--runtime", "sim", "--listen", address)
    assert "is not an address" in line
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", [name for name in OF_A_SERVER if name not in NOT_TRIED])
def test_a_command_without_a_server_says_how_to_start_one(name, tmp_path, monkeypatch):
    needed = [p for p in COMMANDS[name].params if p.param_type_name == "argument" and p.required]
    arguments = ARGUMENTS.get(name, ["nothing"] * len(needed))
    installation = Installation(tmp_path)
    installation.port = 1  # where nothing listens
    output, errors = io.StringIO(), io.StringIO()
    code = CommandRunner(installation, monkeypatch).run([*name.split(), *arguments], output, errors)
    assert (code, output.getvalue()) == (1, "")
    (line,) = errors.getvalue().splitlines()
    assert line.startswith("moyai: ")
    assert line.endswith("`moyai up`")
