"""API calls and commands in; out comes what the commands print against a simulated server, word for word.

IDs, times and ports differ in each run. They are replaced by others of the same length, so that tables keep their form.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from moyai.cli.main import main
from moyai.testing.golden import cases
from tests.e2e.commands import all_commands
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

HERE = Path(__file__).parent
_ID = re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{8})\b")
_FIXED = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"), "2026-01-01T00:00:00"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b(?!-)"), "00:00:00"),
    (re.compile(r"MOYAI_STATE([= ])/\S+"), r"MOYAI_STATE\1/srv/moyai"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:4566"),
    (re.compile(r"srv-[0-9a-z]{16}"), "srv-0000000000000001"),
    (re.compile(r"ecs-service-connect-[0-9a-z]{5}"), "ecs-service-connect-00001"),
    (re.compile(r"ecs-svc/\d{19}"), "ecs-svc/0000000000000000001"),
    (re.compile(r"version \d+\.\d+\.\d+"), "version 0.0.0"),
    (re.compile(r"172\.31\.\d+\.\d+ *"), lambda match: "172.31.0.0".ljust(len(match[0]))),
)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("simulated"), "--runtime", "sim", "--dns-port", "0")
    installation.up()
    yield installation
    assert installation.leave() == []


@pytest.mark.parametrize("name", cases(HERE))
def test_commands_print_what_is_expected(name, simulation, run, golden, tmp_path, monkeypatch):
    simulation.own("POST", "reset")
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    clients = {service: simulation.client(service) for service in {call[0] for call in case["calls"]}}
    for service, operation, parameters in case["calls"]:
        getattr(clients[service], operation)(**parameters)
    for words, text in case.get("wait", []):
        eventually(partial(prints, run, words, text), f"{words} prints {text!r}")
    for file, text in case.get("files", {}).items():
        (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    ids: dict[str, str] = {}
    printed = "".join(f"$ moyai {' '.join(map(shell_word, w))}\n{run(w)}" for w in case["commands"])
    lines = "".join(f"  {line.rstrip()}".rstrip() + "\n" for line in with_fixed_values(printed, ids).splitlines())
    golden.check(name, {"transcript": f"|2\n{lines}"})


def test_every_command_has_a_transcript():
    words = [w for name in cases(HERE) for w in yaml.safe_load((HERE / f"{name}.in.yaml").read_text())["commands"]]
    lines = [" ".join([*command, ""]) for command in words]
    assert [name for name in all_commands() if not any(line.startswith(f"{name} ") for line in lines)] == []


@pytest.fixture
def run(
    simulation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[list[str]], str]:
    """Runs a command in this process; what it prints, with its exit code where that is not 0."""
    for name, value in simulation.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MOYAI_STATE", str(simulation.state))

    def run_command(words: list[str]) -> str:
        monkeypatch.setattr(sys, "argv", ["moyai", *words])
        capsys.readouterr()
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return printed.out + printed.err + (f"(exit code {code})\n" if code else "")

    return run_command


def prints(run: Callable[[list[str]], str], words: list[str], text: str) -> bool:
    return text in run(words)


def shell_word(word: str) -> str:
    return word if re.fullmatch(r"[\w./:=-]+", word) else repr(word)


def with_fixed_values(printed: str, ids: dict[str, str]) -> str:
    """The output with IDs in the order of their appearance, and a short ID as the beginning of its long one."""

    def new_id(match: re.Match[str]) -> str:
        key = match[0][:8]
        return (ids.setdefault(key, f"{len(ids) + 1:04d}") * 8)[: len(match[0])]

    text = _ID.sub(new_id, printed)
    for pattern, fixed in _FIXED:
        text = pattern.sub(fixed, text)
    return text
