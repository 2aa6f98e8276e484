"""The command itself: what is meant, and how a session is begun.

Where the door asks for no keys any container may be entered; where it does, ExecuteCommand is asked, and the task must
allow it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from moyai.cli.choice import TASK_HELP, choose, only_container
from moyai.cli.exec.client import Begun, run
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks


def execute(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    command: Annotated[list[str] | None, typer.Argument(help="The command and its arguments; a shell if none.")] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[str | None, typer.Option(help="Which container; needed when the task has several.")] = None,
    user: Annotated[str | None, typer.Option(help="user[:group]; root if none.")] = None,
    no_tty: Annotated[bool, typer.Option("--no-tty", "-T", help="Pipes, although this is a terminal.")] = False,
) -> None:
    """Run a command inside a running container; its exit code is this command's."""
    remote = Remote(endpoint, region)
    found = choose(task, running_tasks(remote))
    words = [word for n, word in enumerate(command or ["/bin/sh"]) if n > 0 or word != "--"] or ["/bin/sh"]
    terminal = not no_tty and sys.stdin.isatty() and sys.stdout.isatty()
    wanted = {
        "task": found["id"],
        "container": container or only_container(found),
        "arguments": words,
        "user": user,
        "terminal": terminal,
    }
    raise typer.Exit(run(_begun(remote, found, wanted), terminal=terminal))


def _begun(remote: Remote, task: Mapping[str, Any], wanted: Mapping[str, Any]) -> Begun:
    base = "ws" + remote.url.removeprefix("http").rstrip("/")
    begun = remote.execute(wanted)
    if begun is not None:
        return Begun(base + begun["path"], begun["token"])
    if wanted["user"] is not None:
        raise typer.BadParameter("with keys a command runs as root, as on AWS", param_hint="--user")
    session = remote.client("ecs").execute_command(
        cluster=task["cluster"],
        task=task["id"],
        container=wanted["container"],
        command=shlex.join(wanted["arguments"]),
        interactive=True,
    )["session"]
    return Begun(base + urlsplit(session["streamUrl"]).path, session["tokenValue"])
