"""Docker Engine and Podman as hosts of moyai's container, in namespaces that end with them.

Promise: their networks, processes and mounts are their own, so ports of the loopback are free there, and nothing of
them is left when they have stopped. Commands for an engine run in its namespaces.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moyai.runtime.linux.network import namespaces
from tests.e2e import docker_engine, podman_engine
from tests.e2e.waiting import eventually
from tests.shape.tree import ROOT as PROJECT

IMAGE_ARCHIVE = PROJECT / "build/box.tar"
"""Where `make box` puts the image."""
PATIENCE = 900.0
"""Seconds for one command, of which the longest is a demo in the container."""
_PODMANS_CGROUP = "/libpod_parent"
_HOLDER = (
    *("setpriv", "--pdeathsig=KILL"),  # also when the tests are killed
    *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"),
    *("sh", "-c", "ip link set lo up && exec sleep infinity"),
)


class BoxHost:
    """An engine with the image of moyai's container. ``program``: ``docker`` or ``podman``."""

    def __init__(self, program: str, variables: Mapping[str, str], holder: int, cgroup: str) -> None:
        self.program = program
        self.cgroup = cgroup
        self.variables = variables
        self._holder = holder
        self._enter = ("nsenter", f"--target={holder}", "--net", "--mount", "--pid")

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command in the engine's namespaces."""
        return subprocess.Popen([*self._enter, *words], env=self.variables, text=True, **options)

    def try_run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the engine's namespaces."""
        command = [*self._enter, *words]
        return subprocess.run(
            command, env=self.variables, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def run(self, *words: str) -> str:
        """Run a command that must succeed; its output."""
        ran = self.try_run(*words)
        assert ran.returncode == 0, f"{words}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def engine(self, *words: str) -> str:
        """Run a command of the engine that must succeed; its output."""
        return self.run(self.program, *words)

    def moyai(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``moyai box`` with this engine."""
        return self.try_run(sys.executable, "-m", "moyai", "box", *words, f"--engine={self.program}")

    def installation(self, url: str) -> Any:
        """The output of ``moyai status`` for the server at a URL."""
        return json.loads(self.run(sys.executable, "-m", "moyai", "status", f"--endpoint={url}", "--json"))

    @contextmanager
    def network(self) -> Iterator[None]:
        """The test's own sockets are in the engine's network."""
        with namespaces.inside(Path(f"/proc/{self._holder}/ns/net")):
            yield

    def container_names(self) -> list[str]:
        """The containers that the engine has, whether they run or not."""
        return self.engine("ps", "--all", "--format={{.Names}}").split()

    def volumes(self) -> list[str]:
        """The volumes that the engine has."""
        return self.engine("volume", "ls", "--quiet").split()


def is_installed(program: str) -> bool:
    """Whether there is an engine to start."""
    return docker_engine.is_installed() if program == "docker" else podman_engine.is_installed()


@contextmanager
def box_host(program: str, folder: Path) -> Iterator[BoxHost]:
    """Start an engine that has the image, and stop it. ``folder``: an empty directory, not below a user's own."""
    cgroup = f"/moyai-box-host-{os.getpid()}" if program == "docker" else _PODMANS_CGROUP
    holder = subprocess.Popen(_HOLDER, text=True)
    processes = [holder]
    try:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        [inner] = eventually(lambda: children.read_text().split(), "the namespaces are there")
        variables = _docker_variables(folder) if program == "docker" else _podman_variables(folder)
        host = BoxHost(program, {**os.environ, **variables}, int(inner), cgroup)
        eventually(lambda: host.try_run("ip", "-brief", "link", "show", "up").stdout, "the loopback is up")
        if program == "docker":
            processes.append(_start_dockerd(host, folder))
            _await_dockerd(host, processes[-1], folder / "log")
        host.engine("load", f"--input={IMAGE_ARCHIVE}")
        yield host
    finally:
        holder.kill()  # the kernel ends everything in its process namespace, and its mounts with them
        for process in processes:
            process.wait()
        eventually(lambda: docker_engine.remove_cgroups(cgroup), "the engine's cgroups are empty")
        shutil.rmtree(folder)


def _docker_variables(folder: Path) -> dict[str, str]:
    return {
        "PATH": docker_engine.search_path(),
        "DOCKER_HOST": f"unix://{folder}/docker.sock",
        "DOCKER_CONFIG": str(folder),
    }


def _start_dockerd(host: BoxHost, folder: Path) -> subprocess.Popen[str]:
    (folder / "daemon.json").write_text("{}")
    places = (f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/docker.pid")
    groups = (f"--cgroup-parent={host.cgroup}", "--exec-opt=native.cgroupdriver=cgroupfs")
    options = (f"--config-file={folder}/daemon.json", "--iptables=false", "--ip6tables=false")
    command = ("dockerd", f"--host=unix://{folder}/docker.sock", *places, *groups, *options)
    with (folder / "log").open("w") as log:
        return host.start(*command, stdout=log, stderr=log)


def _await_dockerd(host: BoxHost, daemon: subprocess.Popen[str], log: Path) -> None:
    eventually(
        lambda: host.try_run("docker", "version").returncode == 0 or daemon.poll() is not None, "Docker Engine answers"
    )
    assert daemon.poll() is None, log.read_text()[-2000:]


def _podman_variables(folder: Path) -> dict[str, str]:
    variables = podman_engine.environment(folder)
    podman_engine.configure(folder)
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n'
    )
    return {**variables, "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}
