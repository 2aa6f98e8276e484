"""What else starts a container of the benchmark's image: `docker run`, `docker compose up`, and runc alone on the files
of the image, which were unpacked before. A peer whose program is neither in .venv/docker (`scripts/setup.sh --docker`)
nor on PATH is left out.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the tests' engines

from tests.e2e.docker_engine import UNPACKED, DockerEngine, docker_engine, is_installed, search_path

RunContainer: TypeAlias = Callable[[], str]
"""Starts a container, waits for its end, and returns what its program has printed."""

_PLUGINS: Final = (UNPACKED / "usr/libexec/docker/cli-plugins", Path("/usr/libexec/docker/cli-plugins"))
_TIMEOUT: Final = 600
"""Seconds for one command."""


@contextmanager
def container_peers(
    folder: Path, archive: Path, image: str, command: Sequence[str]
) -> Iterator[Mapping[str, RunContainer]]:
    """The peers that are there, by name. ``folder``: empty; the caller removes it."""
    if not is_installed():
        yield {}
        return
    data = folder / "docker"
    data.mkdir()
    with docker_engine(data) as engine:
        engine.load(archive)
        peers: dict[str, RunContainer] = {
            "docker run": lambda: engine.run("run", "--rm", "--network=none", image, *command),
            "runc run": _runc(engine, folder / "bundle", image, command),
        }
        compose = shutil.which("docker-compose", path=":".join([*map(str, _PLUGINS), search_path()]))
        if compose is not None:
            peers["docker compose up"] = _compose(compose, engine, folder / "compose", image, command)
        yield peers


def _runc(engine: DockerEngine, bundle: Path, image: str, command: Sequence[str]) -> RunContainer:
    root = bundle / "rootfs"
    root.mkdir(parents=True)
    name = engine.run("create", image, "true").strip()
    engine.run("export", f"--output={bundle}/root.tar", name)
    engine.run("rm", name)
    with tarfile.open(bundle / "root.tar") as tar:
        tar.extractall(root, filter="tar")
    _run(["runc", "spec", f"--bundle={bundle}"])
    config: dict[str, Any] = json.loads((bundle / "config.json").read_text())
    config["process"] |= {"args": list(command), "terminal": False}
    (bundle / "config.json").write_text(json.dumps(config))
    return lambda: _run(["runc", f"--root={bundle}/state", "run", f"--bundle={bundle}", "moyai-bench"])


def _compose(program: str, engine: DockerEngine, project: Path, image: str, command: Sequence[str]) -> RunContainer:
    service = {"image": image, "command": list(command), "network_mode": "none"}
    project.mkdir()
    (project / "compose.json").write_text(json.dumps({"name": "moyai-bench", "services": {"app": service}}))
    compose = [program, f"--file={project}/compose.json"]
    environment = {"DOCKER_HOST": f"unix://{engine.socket}"}

    def up() -> str:
        try:
            return _run([*compose, "up", "--no-log-prefix", "--abort-on-container-exit"], environment)
        finally:
            _run([*compose, "down"], environment)

    return up


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    return subprocess.run(  # noqa: S603
        command,
        env={"PATH": search_path(), "HOME": "/nonexistent", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=_TIMEOUT,
    ).stdout
