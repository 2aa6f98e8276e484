"""A Docker Engine of the tests' own, in namespaces that end with it: one that the machine has stays as it is.

Promise: when it has stopped, no process, mount, network, cgroup or file of it is left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.attacks.attempts import IN_CONTAINER
from tests.e2e.attacks.minimal_root import make_root
from tests.e2e.attacks.rig import ROOT, Attempt, command, copy_programs, parse
from tests.e2e.waiting import eventually
from tests.shape.tree import ROOT as PROJECT

UNPACKED = PROJECT / ".venv/docker"
"""Where ``scripts/setup.sh --docker`` unpacks Debian's packages."""
_IMAGE = "attacks:1"
_CGROUPS = Path("/sys/fs/cgroup")
_PATIENCE = 120
"""Seconds for one command of Docker's."""
_NAMESPACES = (
    *("setpriv", "--pdeathsig=KILL"),  # also when the tests are killed
    *("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"),
)


def search_path() -> str:
    """PATH with Docker's programs, those of set-up first."""
    found = [str(UNPACKED / folder) for folder in ("usr/sbin", "usr/bin")]
    return ":".join([*found, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def is_installed() -> bool:
    """Whether there is an engine to start."""
    return all(shutil.which(name, path=search_path()) for name in ("dockerd", "docker", "containerd", "runc"))


class DockerEngine:
    """Containers of an engine that runs. A ``Rig``."""

    def __init__(self, folder: Path, *, is_isolated: bool = True) -> None:
        """``is_isolated``: in a network of its own; else it reaches this machine's loopback."""
        self._folder = folder
        self._network = ("--net",) if is_isolated else ()
        self.socket = folder / "docker.sock"
        self._host = f"unix://{self.socket}"
        self._environment = {"PATH": search_path(), "DOCKER_CONFIG": str(folder)}

    def run(self, program: str, *, capabilities: Iterable[str] = (), user: str = ROOT) -> Mapping[str, Attempt]:
        """See ``Rig``."""
        added = [f"--cap-add={name}" for name in sorted(capabilities)]
        environment = (f"--env={IN_CONTAINER}=1", "--env=PATH=/usr/bin")
        place = ("--workdir=/srv", f"--user={user}", "--network=none", "--rm")
        return parse(self._docker("run", *environment, *place, *added, _IMAGE, *command(program)).splitlines())

    @property
    def version(self) -> str:
        """The engine's own."""
        return self._docker("version", "--format={{.Server.Version}}").strip()

    def answers(self) -> bool:
        """Whether it is ready."""
        ran = subprocess.run(self._command("version"), env=self._environment, capture_output=True, check=False)
        return ran.returncode == 0

    def import_image(self) -> None:
        """Make the image of the programs."""
        root, archive = self._folder / "root", self._folder / "root.tar"
        root.mkdir()
        make_root(root)
        copy_programs(root)
        with tarfile.open(archive, "w") as tar:
            tar.add(root, ".", filter=_owned_by_root)
        self._docker("import", str(archive), _IMAGE)

    def load(self, archive: Path) -> None:
        """Load the images of an archive, as `docker save` writes it."""
        self._docker("load", f"--input={archive}")

    def image_id(self, name: str) -> str:
        """The engine's own id of an image."""
        return self._docker("images", "--quiet", "--no-trunc", name).strip()

    def daemon(self, cgroup: str) -> list[str]:
        """The command that starts it."""
        (self._folder / "daemon.json").write_text("{}")
        return [
            *_NAMESPACES,
            *self._network,
            "dockerd",
            f"--config-file={self._folder}/daemon.json",
            f"--data-root={self._folder}/data",
            f"--exec-root={self._folder}/exec",
            f"--pidfile={self._folder}/docker.pid",
            f"--host={self._host}",
            f"--cgroup-parent={cgroup}",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
        ]

    def _command(self, *arguments: str) -> list[str]:
        return ["docker", f"--host={self._host}", *arguments]

    def _docker(self, *arguments: str) -> str:
        ran = subprocess.run(
            self._command(*arguments),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout


@contextmanager
def docker_engine(folder: Path, *, is_isolated: bool = True) -> Iterator[DockerEngine]:
    """Start an engine with the programs' image, and stop it. ``folder``: an empty directory that is removed then."""
    engine = DockerEngine(folder, is_isolated=is_isolated)
    cgroup = f"/moyai-docker-{os.getpid()}"
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(engine.daemon(cgroup), env={"PATH": search_path()}, stdout=log, stderr=log)
    try:
        eventually(lambda: engine.answers() or daemon.poll() is not None, "Docker Engine answers")
        assert daemon.poll() is None, (folder / "log").read_text()[-2000:]
        engine.import_image()
        yield engine
    finally:
        daemon.kill()  # the kernel ends everything in its process namespace, and its mounts with them
        daemon.wait()
        eventually(lambda: _remove_cgroups(cgroup), "the engine's cgroups are empty")
        shutil.rmtree(folder)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _remove_cgroups(name: str) -> bool:
    """Remove a group and those below it from every hierarchy. False while there are processes in one."""
    for top in (_CGROUPS / name.lstrip("/"), *_CGROUPS.glob(f"*{name}")):
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                return False
    return True
