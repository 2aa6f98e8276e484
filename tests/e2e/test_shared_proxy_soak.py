"""Five minutes of tasks that come and go beside a load: the proxy that they share has nothing more at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.faults.field import admin
from tests.e2e.installation import Installation
from tests.e2e.installations import installations
from tests.e2e.proxies import envoys, proxy_folder
from tests.e2e.stack import Cluster, app, offer
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

SOAK = 300
"""Seconds."""
LEAST_ROUNDS = 6
GROWTH = 4 * 1024
"""KiB by which the memory may grow in the second half of the rounds."""


class ProxyResources(NamedTuple):
    """What the Envoy has open, and has configured."""

    descriptors: int
    threads: int
    listeners: int
    clusters: int


class Soak:
    """A service that is called all the time, and one whose tasks come and go."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.cluster = Cluster(installation, "soak", "soak")
        for name, count in (("web", 2), ("churn", 0)):
            definition = self.cluster.define(name, app("web", 8080, "http"))
            self.cluster.serve(name, definition, offer("web", name, discoveryName=name), count=count)
        self.cluster.steady("web")
        self.probe = self.cluster.probe("caller")
        (self.envoy,) = envoys(installation)

    def resources(self) -> ProxyResources:
        folder = proxy_folder(self.installation)
        clusters = {line.partition("::")[0] for line in admin(folder, "/clusters").splitlines()}
        descriptors, threads = (len(list(Path(f"/proc/{self.envoy}/{kind}").iterdir())) for kind in ("fd", "task"))
        return ProxyResources(descriptors, threads, admin(folder, "/listeners").count("\n"), len(clusters))

    def memory(self) -> int:
        """KiB that the Envoy alone has."""
        lines = Path(f"/proc/{self.envoy}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

    def replace_tasks(self) -> None:
        """Four tasks come, are replaced by a deployment, and go."""
        self.scale(4)
        self.cluster.update("churn", forceNewDeployment=True)
        self.cluster.steady("churn")
        self.scale(0)
        self.cluster.quiet("churn")

    def scale(self, count: int) -> None:
        self.cluster.update("churn", desiredCount=count)
        self.cluster.steady("churn")


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory, apps_folder: Path) -> Iterator[Soak]:
    with installations(tmp_path_factory, apps_folder, "node") as make:
        installation = make()
        installation.up()
        yield Soak(installation)


def test_the_proxy_has_nothing_more_after_five_minutes_of_changes(soak):
    soak.probe.begin_steady("http://web/", "soak", 4, 60)
    soak.replace_tasks()
    before, memory_by_round, end = soak.resources(), [soak.memory()], time.monotonic() + SOAK
    while len(memory_by_round) < LEAST_ROUNDS or time.monotonic() < end:
        soak.replace_tasks()
        memory_by_round.append(soak.memory())
    eventually(lambda: soak.resources()._replace(descriptors=0) == before._replace(descriptors=0), f"it has {before}")
    results = soak.probe.end_steady()
    assert results["failed"] == 0, json.dumps(results["failures"], indent=1)
    eventually(lambda: soak.resources().descriptors <= before.descriptors, "no descriptor is left")
    assert memory_by_round[-1] - memory_by_round[len(memory_by_round) // 2] < GROWTH, memory_by_round
