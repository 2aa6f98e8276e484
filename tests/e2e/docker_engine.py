"""A Docker Engine of the tests' own, in namespaces that end with it: one that the machine has stays as it is.

Promise: when it has stopped, no process, mount, network, cgroup or file of it is left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.waiting import eventually
from tests.shape.tree import ROOT as PROJECT

UNPACKED = PROJECT / ".venv/docker"
"""Where ``scripts/setup.sh --docker`` unpacks Debian's packages."""
_CGROUPS = Path("/sys/fs/cgroup")
_PATIENCE = 600
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
    """An engine that runs."""

    def __init__(self, folder: Path, *, is_isolated: bool = True) -> None:
        """``is_isolated``: in a network of its own; else it reaches this machine's loopback."""
        self._folder = folder
        self._network = ("--net",) if is_isolated else ()
        self.socket = folder / "docker.sock"
        self._host = f"unix://{self.socket}"
        self._environment = {"PATH": search_path(), "DOCKER_CONFIG": str(folder)}

    @property
    def version(self) -> str:
        """The engine's own."""
        return self.run("version", "--format={{.Server.Version}}").strip()

    def answers(self) -> bool:
        """Whether it is ready."""
        return self.try_run("version").returncode == 0

    def import_root(self, root: Path, name: str) -> None:
        """Make an image of a root directory."""
        archive = self._folder / "root.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(root, ".")
        self.run("import", str(archive), name)
        archive.unlink()

    def load(self, archive: Path) -> None:
        """Load the images of an archive, as `docker save` writes it."""
        self.run("load", f"--input={archive}")

    def image_id(self, name: str) -> str:
        """The engine's own id of an image."""
        return self.run("image", "inspect", "--format={{.Id}}", name).strip()

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

    def run(self, *arguments: str) -> str:
        """Run ``docker`` with these arguments; its output. It must succeed."""
        ran = self.try_run(*arguments)
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def try_run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``docker`` with these arguments."""
        return subprocess.run(
            ["docker", f"--host={self._host}", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )


@contextmanager
def docker_engine(folder: Path, *, is_isolated: bool = True) -> Iterator[DockerEngine]:
    """Start an engine without images, and stop it. ``folder``: an empty directory that is removed then."""
    engine = DockerEngine(folder, is_isolated=is_isolated)
    cgroup = f"/moyai-docker-{os.getpid()}"
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(engine.daemon(cgroup), env={"PATH": search_path()}, stdout=log, stderr=log)
    try:
        eventually(lambda: engine.answers() or daemon.poll() is not None, "Docker Engine answers")
        assert daemon.poll() is None, (folder / "log").read_text()[-2000:]
        yield engine
    finally:
        daemon.kill()  # the kernel ends everything in its process namespace, and its mounts with them
        daemon.wait()
        eventually(lambda: remove_cgroups(cgroup), "the engine's cgroups are empty")
        shutil.rmtree(folder)


def remove_cgroups(name: str) -> bool:
    """Remove a group and those below it from every hierarchy. False while there are processes in one."""
    for top in (_CGROUPS / name.lstrip("/"), *_CGROUPS.glob(f"*{name}")):
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                return False
    return True
