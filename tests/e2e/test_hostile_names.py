"""Every command that prints, with text from outside that would control a terminal: nothing of it is interpreted.

The commands are those of the command line, so that a new one is tested by itself. Each gets the hostile text for every
argument, and is run once more as a user would on an installation whose names contain it. Output goes to a terminal.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from typing_extensions import override

from moyai.cli.json_shapes import JSON_SHAPES
from tests.e2e.commands import CommandRunner, all_commands
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
COMMANDS = all_commands()
NAMES = sorted(COMMANDS.keys() - NOT_RUN.keys(), key=lambda name: (name == "reset", name))


class Terminal(io.StringIO):
    """A terminal that keeps what is printed."""

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
    monkeypatch.setenv("TERM", "xterm-256color")
    runner = CommandRunner(hostile, monkeypatch)

    def run_command(words: list[str]) -> tuple[object, str]:
        terminal = Terminal()
        code = runner.run(words, terminal, terminal)
        return code, terminal.getvalue()

    return run_command


def runs(name: str) -> list[list[str]]:
    """The arguments of each run of a command."""
    arguments = [p for p in COMMANDS[name].params if p.param_type_name == "argument"]
    needed = [HOSTILE] * sum(p.required for p in arguments)
    every = [HOSTILE] * len(arguments)
    return list(ARGUMENTS.get(name, ())) or [needed, *([every] if every != needed else [])]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_is_printed_as_it_is(name, run):
    arguments_of_runs = runs(name)
    if name in JSON_SHAPES:
        arguments_of_runs.append([*arguments_of_runs[0], "--json"])
    for arguments in arguments_of_runs:
        _, printed = run([*name.split(), *arguments])
        text = STYLE.sub("", printed)
        assert {c for c in text if not (c.isprintable() or c == "\n")} == set(), repr(text)
        assert INTERPRETED not in text
        assert not any(line.lstrip().startswith("forged") for line in text.splitlines()), repr(text)
        assert "forged" not in text or "[red]:secret:" in text, repr(text)


def test_the_lists_name_commands_that_exist():
    assert (NOT_RUN.keys() | ARGUMENTS.keys()) - COMMANDS.keys() == set()
