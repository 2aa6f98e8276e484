"""Bytes that are flipped in what an installation keeps: each command that reads it says so in one sentence."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import MOYAI, Installation

pytestmark = pytest.mark.e2e

SECONDS = 240


@pytest.fixture(scope="module")
def used_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of an installation that was in use, and has ended."""
    installation = Installation(tmp_path_factory.mktemp("records") / "state", "--runtime", "sim")
    installation.up()
    ecs, logs = installation.client("ecs"), installation.client("logs")
    for number in range(20):
        ecs.create_cluster(clusterName=f"c{number}", tags=[{"key": "filling", "value": "x" * 200}])
    logs.create_log_group(logGroupName="g")
    installation.moyai("keys", "create", "--state", str(installation.state))
    installation.terminate()
    return installation.state


@pytest.fixture
def state(used_state: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(used_state, tmp_path / "state"))


def flip(file: Path, of: bytes, count: int = 1) -> None:
    """Set the highest bit of some bytes of a word, everywhere in the file: then it is no text any more."""
    content, chance = file.read_bytes(), random.Random(15)  # noqa: S311 - the same bytes each time
    assert of in content
    damaged = bytearray(of)
    for place in chance.sample(range(len(of)), count):
        damaged[place] ^= 0x80
    file.write_bytes(content.replace(of, bytes(damaged)))


def overwrite(file: Path) -> None:
    """Leave the first page, and noise behind it."""
    content, chance = file.read_bytes(), random.Random(15)  # noqa: S311 - the same bytes each time
    file.write_bytes(content[:4096] + chance.randbytes(len(content) - 4096))


def error_line(state: Path, *command: str) -> str:
    """The error of a command that fails; it must be one line, and no traceback."""
    ran = subprocess.run(
        [*MOYAI, *command, "--state", str(state)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    return line


DAMAGE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a name": ("moyai.db", lambda file: flip(file, b"cluster/c7")),
    "a table": ("moyai.db", lambda file: flip(file, b"CREATE TABLE records", 3)),
    "pages": ("moyai.db", overwrite),
    "a table of log events": ("logs.db", lambda file: flip(file, b"CREATE TABLE events", 3)),
}


@pytest.mark.parametrize(
    "damage", [pytest.param(name, marks=pytest.mark.heavy if "table" in name else ()) for name in DAMAGE]
)
def test_up_reports_a_damaged_file_with_its_path_and_a_remedy(state, damage):
    name, act = DAMAGE[damage]
    act(state / name)
    line = error_line(state, "up", "--runtime", "sim", "--port", "0")
    assert str(state / name) in line
    assert "damaged" in line
    assert "to begin anew" in line


def test_down_and_keys_report_a_damaged_file(state):
    flip(state / "moyai.db", b"cluster/c7")
    assert str(state / "moyai.db") in error_line(state, "down")
    flip(state / "keys.json", b"AKIA")
    for command in (("keys", "list"), ("keys", "create")):
        assert str(state / "keys.json") in error_line(state, *command)


def test_damaged_metrics_are_reset_and_damaged_log_events_affect_nothing_else(state):
    overwrite(state / "metrics.db")
    overwrite(state / "logs.db")
    installation = Installation(state, "--runtime", "sim")
    installation.up()
    assert len(installation.client("ecs").list_clusters()["clusterArns"]) == 20
    with pytest.raises(ClientError, match=f"{state}/logs.db can't be used: .*to begin anew"):
        installation.client("logs").filter_log_events(logGroupName="g")
    assert "Traceback" not in installation.log.read_text()
    assert installation.leave() == []
