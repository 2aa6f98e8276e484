"""A service of three tasks, one caller that never stops asking, and the count of all that happened."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from moyai.runtime.linux.network.connection_drain import TABLE
from tests.e2e.installation import Installation
from tests.e2e.proxies import proxy_folder
from tests.e2e.stack import Cluster, Probe, app, offer, port_health_check, task_id
from tests.e2e.waiting import eventually

CLOSED, RATE = 4, 60.0
"""Callers that wait for their answer (each about 15 requests a second), and requests a second that wait for nobody."""
SIZE = 3
REQUEST_LIMIT = 60
"""Seconds, for which a machine with too few processors may keep a request waiting: no failure stands for that."""


@dataclass
class Row:
    """The effect of one scenario on the load. ``unknown``: POSTs whose caller was told of a failure after the
    application may have begun; ``twice``: POSTs that were done more than once. Seconds.
    """

    scenario: str
    requests: int
    posts: int
    retries: int
    failed: int
    unknown: int
    twice: int
    gap: float
    p99: float
    note: str = ""

    HEAD = (
        "scenario",
        "requests",
        "POSTs",
        "retries",
        "failed",
        "POSTs of unknown outcome",
        "done twice",
        "longest gap",
        "p99",
    )

    def cells(self) -> tuple[str, ...]:
        numbers = (self.requests, self.posts, self.retries, self.failed, self.unknown, self.twice)
        return (self.scenario, *map(str, numbers), f"{self.gap:.2f} s", f"{self.p99 * 1000:.0f} ms")


@dataclass
class Run:
    """A scenario under way; once it has ended, ``results`` is what the caller counted and ``did`` what was done."""

    probe: Probe
    results: Any = None
    did: Counter[str] = field(default_factory=Counter)
    retries: int = 0

    def now(self) -> float:
        """Seconds since the load began."""
        return float(self.probe.steadily()["now"])

    def answers(self, more: int) -> None:
        """Wait for so many further answers."""
        before = sum(self.probe.steadily()["answered"].values())
        eventually(lambda: sum(self.probe.steadily()["answered"].values()) >= before + more, f"{more} more answers")

    def answers_of(self, tasks: set[str]) -> None:
        """Wait until each of these tasks has answered."""
        eventually(lambda: tasks <= set(self.probe.steadily()["answered"]), f"answers of {tasks}")


class Field:
    """Where scenarios take place."""

    def __init__(self, installation: Installation, rows: list[Row], name: str = "faults", **offered: Any) -> None:
        self.installation = installation
        self.rows = rows
        self.cluster = Cluster(installation, name, name)
        self.caller, self.url = f"{name}-caller", "http://ledger/"
        ledger = offer("ledger", "ledger", timeout={"perRequestTimeoutSeconds": REQUEST_LIMIT}, **offered)
        self.cluster.serve("ledger", self.definition("1"), ledger, count=SIZE)
        self.cluster.steady("ledger")
        self.probe = self.cluster.probe(self.caller)
        self.every_task: set[str] = set()

    def definition(self, version: str, **more: Any) -> str:
        """The ledger, at a version."""
        environment = [{"name": "VERSION", "value": version}]
        return self.cluster.define(
            "ledger", app("ledger", 8080, "http", environment=environment, healthCheck=port_health_check(8080), **more)
        )

    def start_anew(self, version: str) -> set[str]:
        """Deploy another version and wait until nothing is left of the one before; the tasks there were."""
        before = set(self.tasks())
        self.cluster.update("ledger", taskDefinition=self.definition(version))
        self.whole()
        self.cluster.quiet("ledger")
        assert before.isdisjoint(self.tasks())
        return before

    def tasks(self) -> list[str]:
        """ARNs of the running tasks."""
        task_arns = sorted(task["taskArn"] for task in self.cluster.tasks("ledger"))
        self.every_task |= set(task_arns)
        return task_arns

    def whole(self) -> list[str]:
        """Wait until the service has all its tasks again and each proxy knows them; their ARNs."""
        self.cluster.steady("ledger")
        eventually(lambda: len(self.tasks()) == SIZE, "the service is whole")
        return self.tasks()

    def address(self, arn: str) -> str:
        """A task's own address."""
        attachments = self.cluster.task(arn)["attachments"]
        (value,) = [d["value"] for a in attachments for d in a["details"] if d["name"] == "privateIPv4Address"]
        return str(value)

    def set_mode(self, arn: str, mode: str) -> None:
        """Make one task's application behave so."""
        answer = self.probe.ask("http", url=f"http://{self.address(arn)}:8080/mode/{mode}")
        assert answer["status"] == 200, answer

    def replace(self, arn: str) -> None:
        """Have a task stopped, so that a new one takes its place."""
        self.cluster.ecs.stop_task(cluster=self.cluster.name, task=arn)
        self.cluster.until(arn, "STOPPED")

    def pin(self, arn: str) -> Path:
        """A task's network namespace."""
        return self.installation.state / "run/netns" / f"task-{task_id(arn)}"

    def is_closed(self, arn: str) -> bool:
        """Whether the task takes no new connections."""
        command = ["nsenter", f"--net={self.pin(arn)}", "nft", "list", "table", "inet", TABLE]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    @contextmanager
    def silent(self, arn: str) -> Iterator[None]:
        """Nothing reaches this task and nothing leaves it, as if its link were cut."""
        pin = self.pin(arn)
        cut = (
            'table ip silent { chain in { type filter hook input priority -300; iifname "eth0" drop; };\n'
            'chain out { type filter hook output priority -300; oifname "eth0" drop; }; }'
        )
        nft = ["nsenter", f"--net={pin}", "nft"]
        subprocess.run([*nft, "-f", "-"], input=cut, text=True, check=True)
        try:
            yield
        finally:
            if pin.exists():
                subprocess.run([*nft, "delete", "table", "ip", "silent"], check=False, capture_output=True)

    @contextmanager
    def load(self, scenario: str, warm: int = 100) -> Iterator[Run]:
        """Steady load from before to after; then the scenario's row."""
        tasks = {task_id(arn) for arn in self.whole()}
        before = self.retries()
        self.probe.begin_steady(self.url, scenario.replace(" ", "-"), CLOSED, RATE)
        run = Run(self.probe)
        try:
            run.answers_of(tasks)
            run.answers(warm)
            yield run
            run.answers(warm)
        finally:
            run.results = self.probe.end_steady()
        self.tasks()
        run.retries = max(self.retries() - before, 0)  # a proxy that has started again counts anew
        run.did = self.did(scenario.replace(" ", "-"), set(run.results["done"]))
        self.note(scenario, run)

    def note(self, scenario: str, run: Run) -> None:
        """The row of a scenario that has ended."""
        results = run.results
        twice = sum(1 for times in run.did.values() if times > 1)
        row = Row(
            scenario,
            results["requests"],
            results["posts"],
            run.retries,
            results["failed"],
            len(results["failed_posts"]),
            twice,
            results["gap"],
            results["p99"],
        )
        self.rows.append(row)

    def did(self, name: str, done: set[str]) -> Counter[str]:
        """How often each of the scenario's POSTs was done, from what all tasks wrote; waits for those in ``done``."""

        def written_ids() -> Counter[str]:
            lines = [line for arn in self.every_task for line in self.cluster.output_lines(arn, "ledger")]
            ids = [line.removeprefix("did ") for line in lines if line.startswith(f"did {name}-")]
            return Counter(ids)

        eventually(lambda: done <= set(written_ids()), "all that was done is written")
        return written_ids()

    def ask_proxy(self, arn: str, path: str) -> str:
        """The answer of the admin interface of a task's proxy."""
        return admin(proxy_folder(self.installation, arn), path)

    def certificates(self) -> set[str]:
        """The serial numbers of what the service's tasks show to their callers."""
        messages = [json.loads(self.ask_proxy(arn, "/certs")) for arn in self.tasks()]
        chains = [
            chain for one in messages for certificate in one["certificates"] for chain in certificate["cert_chain"]
        ]
        return {str(chain["serial_number"]) for chain in chains}

    def retries(self) -> int:
        """How often the caller's proxy has tried again, as it says itself."""
        (caller,) = self.cluster.tasks(self.caller)
        said = self.ask_proxy(caller["taskArn"], "/stats?filter=egress.*upstream_rq_retry$")
        own = [line for line in said.splitlines() if ".ledger." in line]
        if proxy_folder(self.installation, caller["taskArn"]).parent.name == HOST_SANDBOX:
            own = [line for line in own if task_id(caller["taskArn"]) in line]
        return sum(int(line.rpartition(": ")[2]) for line in own)


class _Unix(HTTPConnection):
    """HTTP over a Unix socket, whose path may be longer than the kernel takes."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__("moyai", timeout=60)
        self.folder, self.name = folder, name

    def connect(self) -> None:
        folder = os.open(self.folder, os.O_PATH | os.O_CLOEXEC)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(f"/proc/self/fd/{folder}/{self.name}")
        finally:
            os.close(folder)


def admin(run: Path, path: str) -> str:
    """The answer of a proxy's admin interface."""
    connection = _Unix(run, "admin.sock")
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 200, body
    return body


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [Row.HEAD, ("---",) * len(Row.HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def faultless(run: Run) -> None:
    """Assert, where a healthy task remained, that no repeatable request failed, and that nothing was done twice."""
    assert run.results["failed"] == 0, json.dumps(run.results["failures"], indent=1)
    once(run)


def once(run: Run) -> None:
    """Each POST that was answered was done once, and no POST was done twice, whatever its caller saw."""
    assert [number for number, times in run.did.items() if times > 1] == []
    assert [number for number in run.results["done"] if run.did[number] != 1] == []


def nothing_unknown(run: Run) -> None:
    """No POST failed either."""
    assert run.results["failed_posts"] == [], json.dumps(run.results["failures"], indent=1)


class UncheckedField(Field):
    """The same without a container health check. ``starting``: how its applications start, as apps/ledger.py says."""

    starting: Mapping[str, str] = {}

    def definition(self, version: str, **more: Any) -> str:
        """The ledger, at a version."""
        variables = {"VERSION": version, **self.starting}
        environment = [{"name": name, "value": value} for name, value in variables.items()]
        return self.cluster.define("ledger", app("ledger", 8080, "http", environment=environment, **more))
