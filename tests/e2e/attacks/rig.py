"""Runs the programs of ``programs/`` in real tasks of a real control plane."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from moyai.domain.sandbox.linux import CAPABILITIES
from tests.e2e.attacks.attempts import IN_CONTAINER, REFUSED
from tests.e2e.installation import GRACE, MOYAI, Installation
from tests.e2e.small_image import make_root
from tests.e2e.stack import HOST, Cluster, task_id
from tests.e2e.waiting import eventually

HERE = Path(__file__).parent
IMAGE = "moyai.local/attacks:1"
"""The host's root, or one of its own, with the programs below /srv."""
ROOT, PLAIN_USER = "0:0", "1000:1000"
_FARGATE_ADDS = frozenset({"SYS_PTRACE"})
_PACKAGE = "tests.e2e.attacks.programs"


@dataclass(frozen=True)
class Attempt:
    """One line that a program printed."""

    attempt: str
    outcome: str
    detail: str

    @property
    def refused(self) -> bool:
        """Whether the container could not do it."""
        return self.outcome == REFUSED


class Rig(Protocol):
    """An engine that runs the programs in containers."""

    def run(self, program: str, *, capabilities: Iterable[str] = (), user: str = ROOT) -> Mapping[str, Attempt]:
        """Run ``programs/<program>.py`` to its end in a container of its own; its attempts by name.

        ``capabilities``: in addition to the default ones, without CAP_; ``user``: ``uid:gid``.
        """


def held_capabilities() -> list[str]:
    """ECS's capabilities that this machine's root has: root of a virtual machine or a container may lack some."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    bounding = int(status["CapBnd"], 16)
    return sorted(name for name, number in CAPABILITIES.items() if bounding >> number & 1)


def families() -> list[str]:
    """The names of all programs."""
    return sorted(path.stem for path in (HERE / "programs").glob("*.py"))


def copy_programs(root: Path) -> None:
    """Put the programs into the root directory of an image, readable for every user."""
    home = root / "srv"
    home.mkdir(parents=True, exist_ok=True)
    target = home / "tests/e2e/attacks"
    shutil.copytree(HERE / "programs", target / "programs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "attempts.py", target)
    for path in (root, home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def command(program: str) -> list[str]:
    """The command that runs a program in an image with ``copy_programs``, in the directory /srv."""
    return ["python3", "-B", "-m", f"{_PACKAGE}.{program}"]


def parse(lines: Iterable[str]) -> dict[str, Attempt]:
    """The attempts that a program printed. Every line must be one, and no name may be printed twice."""
    printed = [Attempt(**json.loads(line)) for line in lines]
    attempts = {attempt.attempt: attempt for attempt in printed}
    assert len(attempts) == len(printed) > 0, printed
    return attempts


class MoyaiRig:
    """Tasks of an installation whose owner allows every capability. It has an instance in the cluster ``default``."""

    OPTIONS = ("--allow-capabilities", "--instances", "1", "--instance-cpu", "8192", "--instance-memory", "16384")

    def __init__(self, installation: Installation, folder: Path, *, has_user_namespace: bool) -> None:
        """Import the image. ``folder``: an empty directory; ``has_user_namespace``: the image has a root of its own
        and so a user namespace, instead of the host's root.
        """
        self.has_user_namespace = has_user_namespace
        if has_user_namespace:
            make_root(folder)
        copy_programs(folder)
        base = () if has_user_namespace else ("--base", HOST)
        installation.moyai("image", "import", IMAGE, str(folder), *base, "--state", str(installation.state))
        self.installation = installation
        self.cluster = Cluster(installation, "default")
        eventually(self._has_instance, "the container instance is connected")

    def _has_instance(self) -> bool:
        arns = self.cluster.ecs.list_container_instances(cluster="default")["containerInstanceArns"]
        if not arns:
            return False
        described = self.cluster.ecs.describe_container_instances(cluster="default", containerInstances=arns)
        return all(instance["agentConnected"] for instance in described["containerInstances"])

    def run(self, program: str, *, capabilities: Iterable[str] = (), user: str = ROOT) -> dict[str, Attempt]:
        """See ``Rig``."""
        arn = self.start(command(program), capabilities=capabilities, user=user)
        return self.attempts_of(arn)

    def attempts_of(self, arn: str) -> dict[str, Attempt]:
        """The attempts that the container ``main`` of a task has printed at its end, for which it waits."""
        task = self.cluster.until(arn, "STOPPED")
        [main] = task["containers"]
        assert main.get("exitCode") == 0, (task.get("stoppedReason"), main, self.cluster.output_lines(arn))
        return parse(self.cluster.output_lines(arn))

    def run_in_session(self, arn: str, program: str, user: str = ROOT) -> dict[str, Attempt]:
        """Run a program by ``moyai exec`` in the container ``main`` of a task that ``start`` started."""
        line = f"cd /srv && exec {' '.join(command(program))}"
        words = [*MOYAI, "exec", "-T", "--user", user, task_id(arn), "--", "sh", "-c", line]
        ran = subprocess.run(
            words, capture_output=True, text=True, env=self.installation.environment(), check=False, timeout=2 * GRACE
        )
        assert ran.returncode == 0, ran.stderr
        return parse(ran.stdout.splitlines())

    def start(self, words: list[str], *, capabilities: Iterable[str] = (), user: str = ROOT, **container: Any) -> str:
        """Start a task with the container ``main`` in the image of the programs; its ARN.

        ``container``: further members of its definition. Fargate where Fargate allows these capabilities, else EC2.
        """
        added = sorted(capabilities)
        fargate = set(added) <= _FARGATE_ADDS
        main: dict[str, Any] = {
            "name": "main",
            "image": IMAGE,
            "workingDirectory": "/srv",
            "command": words,
            "environment": [{"name": IN_CONTAINER, "value": "1"}],
            "user": user,
            "stopTimeout": 2,
            "linuxParameters": {"capabilities": {"add": added}} | container.pop("linuxParameters", {}),
        }
        definition = self.cluster.define(
            "attacks", main | container, requiresCompatibilities=["FARGATE" if fargate else "EC2"]
        )
        return self.cluster.run(definition, launch_type="FARGATE" if fargate else "EC2")
