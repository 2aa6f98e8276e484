"""``moyai exec``: run a command in a container, with this terminal or with pipes.

A server without access keys starts a session in any container (``POST /_moyai/execute``). With access keys the session
is started by ECS's ExecuteCommand, which the task must allow.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from moyai.cli.choice import TASK_HELP, choose_container, choose_task
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks

if TYPE_CHECKING:  # asyncio and websockets are imported when a session is opened
    from moyai.cli.exec.client import Session, SessionEnd

_UNKNOWN_EXIT_CODE: Final = 255
"""The exit code of this process where the command's own is not known, as with ssh."""
_MAX_OUTPUT_BYTES: Final = 1 << 20
"""Bytes of each stream that `--json` keeps."""


def execute(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    command: Annotated[
        list[str] | None, typer.Argument(help="The command and its arguments; /bin/sh by default.")
    ] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    container: Annotated[
        str | None, typer.Option(help="Container name; required for a task with several containers.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="USER[:GROUP] to run as; root by default.")] = None,
    no_tty: Annotated[bool, typer.Option("--no-tty", "-T", help="Don't allocate a terminal.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the output and the exit code as JSON at the end, without a terminal.")
    ] = False,
) -> None:
    """Run a command in a running container and exit with its exit code."""
    remote = Remote(endpoint, region)
    task_record = choose_task(task, running_tasks(remote))
    words = [word for n, word in enumerate(command or ["/bin/sh"]) if n > 0 or word != "--"] or ["/bin/sh"]
    terminal = not (no_tty or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    request = {
        "task": task_record["id"],
        "container": choose_container(task_record, container),
        "arguments": words,
        "user": user,
        "terminal": terminal,
    }
    from moyai.cli.exec.client import run_session

    session = _start_session(remote, task_record, request)
    if not as_json:
        raise typer.Exit(_process_exit_code(run_session(session, terminal=terminal)))
    output = CapturedOutput()
    end = run_session(session, terminal=False, write_output=output.write)
    typer.echo(json.dumps({name: request[name] for name in ("task", "container")} | output.report(end)))
    raise typer.Exit(_process_exit_code(end))


def _process_exit_code(end: SessionEnd) -> int:
    return _UNKNOWN_EXIT_CODE if end.exit_code is None else end.exit_code


class CapturedOutput:
    """A command's output, of which the first MiB of each stream is kept."""

    def __init__(self) -> None:
        self._streams: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self._is_truncated = False

    def write(self, stream: int, data: bytes) -> None:
        """Keep output of a stream: 1 = standard output, 2 = standard error."""
        captured = self._streams[stream]
        remaining_bytes = _MAX_OUTPUT_BYTES - len(captured)
        captured += data[:remaining_bytes]
        self._is_truncated |= len(data) > remaining_bytes

    def report(self, end: SessionEnd) -> dict[str, object]:
        """The command's exit code, null where an error hides it, and both streams as text; bytes that are not UTF-8 are
        replaced.
        """
        stdout, stderr = (captured.decode(errors="replace") for captured in self._streams.values())
        result = {"exitCode": end.exit_code, "error": end.error or None}
        return {**result, "stdout": stdout, "stderr": stderr, "truncated": self._is_truncated}


def _start_session(remote: Remote, task: Mapping[str, Any], request: Mapping[str, Any]) -> Session:
    from moyai.cli.exec.client import Session

    base = "ws" + remote.url.removeprefix("http").rstrip("/")
    started = remote.execute(request)
    if started is not None:
        return Session(base + started["path"], started["token"])
    if request["user"] is not None:
        raise typer.BadParameter("with access keys, commands always run as root, as on AWS", param_hint="--user")
    session = remote.client("ecs").execute_command(
        cluster=task["cluster"],
        task=task["id"],
        container=request["container"],
        command=shlex.join(request["arguments"]),
        interactive=True,
    )["session"]
    return Session(base + urlsplit(session["streamUrl"]).path, session["tokenValue"])
