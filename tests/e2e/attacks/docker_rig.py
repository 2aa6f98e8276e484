"""Runs the programs of ``programs/`` in containers of a Docker Engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.e2e.attacks.attempts import IN_CONTAINER
from tests.e2e.attacks.rig import ROOT, Attempt, command, copy_programs, parse
from tests.e2e.docker_engine import DockerEngine
from tests.e2e.small_image import make_root

_IMAGE = "attacks:1"


class DockerRig:
    """Containers of an engine that runs. A ``Rig``."""

    def __init__(self, engine: DockerEngine, folder: Path) -> None:
        """Import the image. ``folder``: an empty directory."""
        make_root(folder)
        copy_programs(folder)
        engine.import_root(folder, _IMAGE)
        self._engine = engine
        self.version = engine.version

    def run(self, program: str, *, capabilities: Iterable[str] = (), user: str = ROOT) -> Mapping[str, Attempt]:
        """See ``Rig``."""
        added = [f"--cap-add={name}" for name in sorted(capabilities)]
        environment = (f"--env={IN_CONTAINER}=1", "--env=PATH=/usr/bin")
        place = ("--workdir=/srv", f"--user={user}", "--network=none", "--rm")
        return parse(self._engine.run("run", *environment, *place, *added, _IMAGE, *command(program)).splitlines())
