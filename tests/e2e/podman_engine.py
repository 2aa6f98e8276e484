"""Podman's API on a socket of the tests' own, in namespaces that end with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.waiting import eventually
from tests.shape.tree import ROOT as PROJECT

UNPACKED = PROJECT / ".venv/podman"
"""Where ``scripts/setup.sh --podman`` unpacks Debian's packages."""
_NAMESPACES = (
    *("setpriv", "--pdeathsig=KILL"),  # also when the tests are killed
    *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"),
)
_CONFIGURATION = """
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
helper_binaries_dir = ["{0}/usr/lib/podman", "/usr/lib/podman", "/usr/libexec/podman"]
conmon_path = ["{0}/usr/bin/conmon", "/usr/bin/conmon"]
runtime = "runc"
[engine.runtimes]
runc = ["{0}/usr/sbin/runc", "/usr/sbin/runc"]
"""


def environment(folder: Path) -> dict[str, str]:
    """The environment of Podman's programs; those of the set-up come first in PATH."""
    return {
        "PATH": f"{UNPACKED}/usr/bin:{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
        "LD_LIBRARY_PATH": ":".join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu"))),
        "HOME": str(folder),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
    }


def is_installed() -> bool:
    """Whether there is a Podman that runs here: it needs libraries of the system, too."""
    variables = environment(Path("/"))
    del variables["CONTAINERS_CONF"]
    program = shutil.which("podman", path=variables["PATH"])
    return program is not None and subprocess.run([program, "--version"], env=variables, check=False).returncode == 0


def configure(folder: Path) -> None:
    """Write Podman's configuration to its home directory."""
    (folder / "containers.conf").write_text(_CONFIGURATION.format(UNPACKED))
    (folder / ".config/containers").mkdir(parents=True)
    policy = {"default": [{"type": "insecureAcceptAnything"}]}
    (folder / ".config/containers/policy.json").write_text(json.dumps(policy))


class PodmanEngine:
    """The images of a Podman that runs."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "podman.sock"
        self._folder = folder

    def load(self, archive: Path) -> None:
        """Load the images of an archive, as `docker save` writes it."""
        self._podman("load", f"--input={archive}")

    def image_id(self, name: str) -> str:
        """The engine's own id of an image."""
        return self._podman("images", "--quiet", "--no-trunc", name).strip()

    def command(self, *arguments: str) -> list[str]:
        """Podman with directories of the tests' own."""
        places = [f"--{place}={self._folder}/{place}" for place in ("root", "runroot", "tmpdir")]
        return ["podman", *places, "--storage-driver=vfs", *arguments]

    def _podman(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["podman", f"--url=unix://{self.socket}", *arguments],
            env=environment(self._folder),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout


@contextmanager
def podman_engine(folder: Path) -> Iterator[PodmanEngine]:
    """Start the API, and stop it. ``folder``: an empty directory that is removed then."""
    engine = PodmanEngine(folder)
    configure(folder)
    command = engine.command("system", "service", "--time=0", f"unix://{engine.socket}")
    with (folder / "log").open("w") as log:
        service = subprocess.Popen([*_NAMESPACES, *command], env=environment(folder), stdout=log, stderr=log)
    try:
        eventually(lambda: engine.socket.exists() or service.poll() is not None, "Podman listens")
        assert service.poll() is None, (folder / "log").read_text()[-2000:]
        yield engine
    finally:
        service.kill()  # the kernel ends everything in its process namespace, and its mounts with them
        service.wait()
        shutil.rmtree(folder)
