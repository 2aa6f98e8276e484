"""Every command that prints, with text from outside that would control a terminal: nothing of it is interpreted.

The commands are those of the command line, so that a new one is tested by itself. Each gets the hostile text for every
argument, and is run once more as a user would on an installation whose names contain it. Output goes to a terminal.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from typer.main import get_command
from typing_extensions import override

from moyai.cli.json_shapes import JSON_SHAPES, LINES, OBJECT
from moyai.cli.main import command_line, main
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

VISIBLE = "[red]:secret:[bold]"
HOSTILE = f"{VISIBLE}\x1b]0;owned\x07\x1b[2J\u202e\nforged"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
"""What the commands print to colour their own text."""
INTERPRETED = "\u3299"
"""What Rich makes of ``:secret:``."""

NOT_RUN = MappingProxyType(
    {
        "box up": "it creates a container in the machine's engine",
        "box down": "it removes one",
        "box prepare": "it is the container's own first step",
    }
)
ARGUMENTS: MappingProxyType[str, list[list[str]]] = MappingProxyType(
    {
        "up": [["--listen", HOSTILE], ["--quota", HOSTILE]],
        "down": [["--state", f"/nonexistent/{VISIBLE}\u202e"]],
        "demo": [["--app", HOSTILE]],
        "mesh": [["--once"], ["--once", "--namespace", HOSTILE]],
        "top": [["--once"], [HOSTILE, "--once"]],
        "secret put": [[HOSTILE, "value"]],
        "keys create": [[]],
    }
)
"""The runs of commands that would not end by themselves, or whose arguments do not say what to print."""
WITHOUT_JSON = MappingProxyType(
    {
        "up": "it serves until it is ended",
        "demo": "it shows what happens to people",
        "box prepare": "it prints nothing",
        "image inspect": "it prints JSON in any case",
        "appmesh proxy": "it runs a proxy, whose output this is",
    }
)
JSON_RUNS: MappingProxyType[str, list[str]] = MappingProxyType(
    {
        "env": ["env"],
        "status": ["status"],
        "events": ["events"],
        "doctor": ["doctor"],
        "explain": ["explain web web"],
        "mesh": ["mesh --once"],
        "top": ["top --once"],
        "dns": ["dns"],
        "services": ["services"],
        "open": ["open --print"],
        "proxy clusters": ["proxy clusters web"],
        "proxy stats": ["proxy stats web"],
        "image list": ["image list"],
        "image prune": ["image prune"],
        "secret list": ["secret put a b", "secret list"],
        "secret rm": ["secret put b c", "secret rm b"],
        "hook list": ["hook put a http://127.0.0.1:1/:secret:", "hook list"],
        "hook rm": ["hook put b http://127.0.0.1:1/", "hook rm b"],
        "keys list": ["keys create", "keys list"],
        "appmesh token list": ["appmesh token issue", "appmesh token list"],
    }
)
"""Commands in the order in which they are run, each with ``--json``; what each prints has its documented
shape. They come before ``reset``, which leaves no tasks.
"""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command with its name."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(commands(get_command(command_line())))
NAMES = sorted(COMMANDS.keys() - NOT_RUN.keys(), key=lambda name: (name == "reset", name))


class Terminal(io.StringIO):
    """Keeps what is printed, and is a terminal for whoever asks."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose names, images and reasons contain as much of the hostile text as AWS's API allows."""
    installation = Installation(tmp_path_factory.mktemp("hostile"), "--runtime", "sim", "--dns-port", "0")
    installation.up()
    try:
        create_hostile_records(installation)
        yield installation
    finally:
        left = installation.leave()
    assert left == []


def create_hostile_records(installation: Installation) -> None:
    installation.client("servicediscovery").create_http_namespace(Name=VISIBLE, Description=HOSTILE)
    ecs = installation.client("ecs")
    tags = [{"key": "note:secret:", "value": ":secret:"}]
    ecs.create_cluster(clusterName="shop", serviceConnectDefaults={"namespace": VISIBLE}, tags=tags)
    ports = [{"name": "web", "containerPort": 80}]
    container = {"name": "app", "image": VISIBLE, "portMappings": ports}
    sizes = {"networkMode": "awsvpc", "cpu": "256", "memory": "512"}
    for family, extra in {"web": {}, "broken": {"command": ["sim", HOSTILE]}}.items():
        ecs.register_task_definition(family=family, containerDefinitions=[container | extra], **sizes)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-ece414be0c7def6e8"]}}
    ecs.create_service(
        cluster="shop",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        networkConfiguration=network,
        serviceConnectConfiguration={
            "enabled": True,
            "services": [{"portName": "web", "clientAliases": [{"port": 80, "dnsName": "web"}]}],
        },
        tags=tags,
    )
    ecs.run_task(cluster="shop", taskDefinition="broken", networkConfiguration=network)
    task = ecs.run_task(cluster="shop", taskDefinition="web", networkConfiguration=network)["tasks"][0]["taskArn"]
    ecs.stop_task(cluster="shop", task=task, reason=HOSTILE)
    eventually(partial(is_stopped, ecs, task), "the task stops")


def is_stopped(ecs: Any, task: str) -> bool:
    return bool(ecs.describe_tasks(cluster="shop", tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED")


@pytest.fixture
def run(hostile, monkeypatch):
    """Runs a command in this process, with a terminal; its exit code, and what it prints there."""
    for name, value in hostile.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MOYAI_STATE", str(hostile.state))
    monkeypatch.setenv("TERM", "xterm-256color")

    def run_command(words: list[str]) -> tuple[object, str]:
        terminal = Terminal()
        monkeypatch.setattr(sys, "argv", ["moyai", *words])
        for stream in ("stdout", "stderr"):
            monkeypatch.setattr(sys, stream, terminal)
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
        return code, terminal.getvalue()

    return run_command


def runs(name: str) -> list[list[str]]:
    """The arguments of each run of a command."""
    arguments = [p for p in COMMANDS[name].params if p.param_type_name == "argument"]
    needed = [HOSTILE] * sum(p.required for p in arguments)
    every = [HOSTILE] * len(arguments)
    return ARGUMENTS.get(name) or [needed, *([every] if every != needed else [])]


@pytest.mark.parametrize("name", JSON_RUNS)
def test_json_has_its_documented_shape(name, run):
    printed = ""
    for words in JSON_RUNS[name]:
        code, printed = run([*words.split(), "--json"])
        assert code in {0, 1}, printed
        assert {c for c in printed if not (c.isprintable() or c == "\n")} == set()
    shape = JSON_SHAPES[name]
    values = [json.loads(line) for line in printed.splitlines()] if shape.form == LINES else json.loads(printed)
    objects = values if isinstance(values, list) else [values]
    assert isinstance(values, dict) == (shape.form == OBJECT)
    assert objects
    assert shape.members in {frozenset(), *map(frozenset, objects)}
    assert {frozenset(each) for each in objects if shape.members} <= {shape.members}


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_is_printed_as_it_is(name, run):
    for arguments in runs(name):
        _, printed = run([*name.split(), *arguments])
        text = STYLE.sub("", printed)
        assert {c for c in text if not (c.isprintable() or c == "\n")} == set(), repr(text)
        assert INTERPRETED not in text
        assert not any(line.lstrip().startswith("forged") for line in text.splitlines()), repr(text)
        assert "forged" not in text or "[red]:secret:" in text, repr(text)


def test_the_lists_name_commands_that_exist():
    assert (NOT_RUN.keys() | ARGUMENTS.keys() | JSON_RUNS.keys()) - COMMANDS.keys() == set()


def test_every_command_prints_json_of_a_documented_shape():
    with_json = {name for name, command in COMMANDS.items() if any("--json" in p.opts for p in command.params)}
    assert with_json == JSON_SHAPES.keys() == COMMANDS.keys() - WITHOUT_JSON.keys()
