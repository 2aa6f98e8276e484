"""Docker or Podman, which runs the container: finds the engine, and calls its command.

Source: https://docs.docker.com/reference/cli/docker/, https://docs.podman.io/en/latest/Commands.html
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from moyai.kernel.errors import MoyaiError

DOCKER, PODMAN = "docker", "podman"
_TIMEOUT: Final = 120.0
"""Seconds for one command of the engine."""
_DOCKER_SOCKET: Final = "/var/run/docker.sock"


class BoxError(MoyaiError):
    """The container can't be started, stopped or found."""


class Engine:
    """One engine. ``program``: ``docker`` or ``podman``, which is found on PATH."""

    def __init__(self, program: str) -> None:
        self.program = program

    @property
    def title(self) -> str:
        """The engine's own name."""
        return self.program.title()

    def run(self, *arguments: str) -> str:
        """The output of a command. Raises BoxError with what the engine says."""
        result = self._run(*arguments)
        if result.returncode:
            raise BoxError(explain(self.title, result.stderr or result.stdout))
        return result.stdout.strip()

    def inspect(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """The engine's description of a ``container``, an ``image`` or a ``volume``; None if there is none."""
        result = self._run(kind, "inspect", name)
        return None if result.returncode else json.loads(result.stdout)[0]

    def container(self, name: str) -> Mapping[str, Any]:
        """The engine's description of a container. Raises BoxError if there is none."""
        container = self.inspect("container", name)
        if container is None:
            raise BoxError(f"{self.title} has no container {name}: start it with `moyai box up`, or give its --name")
        return container

    def stop(self, name: str, seconds: int) -> None:
        """Stop a container: SIGTERM, and SIGKILL after so many seconds. Raises BoxError."""
        self.run("stop", f"--time={seconds}", name)

    def discard(self, name: str) -> None:
        """Remove a container, if there is one."""
        self._run("rm", "--force", name)

    def logs(self, name: str, lines: int) -> str:
        """The last lines that a container has printed."""
        result = self._run("logs", f"--tail={lines}", name)
        return (result.stdout + result.stderr).strip()

    def problem(self) -> str | None:
        """The reason why this engine can't run the container; None if it can."""
        result = self._run("info", "--format={{json .}}")
        if result.returncode:
            return f"{self.title} does not answer: {_first_line(result.stderr) or 'it gives no reason'}"
        if is_rootless(json.loads(result.stdout)):
            return (
                f"{self.title} runs without root here, so no container of it can make the networks of tasks: use an"
                f" engine that root runs{', for example `sudo moyai box up`' if self.program == PODMAN else ''}"
            )
        return None

    def socket(self) -> str | None:
        """The path of the engine's socket where its containers can mount it; None if it has none."""
        if self.program == PODMAN:
            path = urlsplit(self.run("info", "--format={{.Host.RemoteSocket.Path}}")).path
            # Podman says where the socket would be. Elsewhere than on Linux, its virtual machine has one.
            return path if path and (sys.platform != "linux" or Path(path).exists()) else None
        host = urlsplit(self.run("context", "inspect", "--format={{.Endpoints.docker.Host}}"))
        if host.scheme not in {"unix", "npipe"}:
            return None
        # Elsewhere than on Linux, that is a socket of this machine, and not of the virtual machine with the engine.
        return host.path if sys.platform == "linux" else _DOCKER_SOCKET

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self.program, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603 (the user's own engine)
        except subprocess.TimeoutExpired as error:
            raise BoxError(f"`{self.program} {arguments[0]}` has not ended within {_TIMEOUT:.0f} seconds") from error


def find_engine(wanted: str | None) -> Engine:
    """The engine of this name; None: the first of Docker and Podman that can run the container. Raises BoxError."""
    problems = []
    for program in (wanted,) if wanted else (DOCKER, PODMAN):
        if shutil.which(program) is None:
            problems.append(f"there is no command `{program}`")
            continue
        engine = Engine(program)
        problem = engine.problem()
        if problem is None:
            return engine
        problems.append(problem)
    raise BoxError(f"no engine can run moyai: {'; '.join(problems)}")


def is_rootless(info: Mapping[str, Any]) -> bool:
    """Whether ``docker info`` or ``podman info`` is that of an engine without root."""
    podman = (info.get("host") or {}).get("security") or {}
    docker = info.get("SecurityOptions") or ()
    return bool(podman.get("rootless")) or any(option.startswith("name=rootless") for option in docker)


def explain(title: str, text: str) -> str:
    """A sentence about an engine's refusal, with what to do where that is known."""
    words = _first_line(text)
    lowered = text.lower()
    if "already allocated" in lowered or "address already in use" in lowered:
        return f"a port is in use: {words}; choose others with --port, --task-ports and --http-port"
    if "privileged" in lowered or "operation not permitted" in lowered or "permission denied" in lowered:
        return f"{title} does not run the container with its privileges: {words}; see `moyai box up --help`"
    return f"{title}: {words or 'no reason given'}"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return next(iter(errors or lines), "").removeprefix("docker: ")
