"""Requests stay in the caller's zone where there are enough endpoints, and leave it where there are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, port_health_check, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEB = {"kind": "http", "url": "http://web/"}
SAMPLE = 60


@pytest.fixture(scope="module")
def cluster(server: Installation) -> Cluster:
    cluster = Cluster(server, "zones", "zones")
    web = app("web", 8080, "http", healthCheck=port_health_check(8080))
    cluster.serve("web", cluster.define("zones-web", web), offer("web", "web"), count=6)
    cluster.steady("web")
    cluster.serve("caller", cluster.define("zones-caller", app("probe", 8080, "http")), count=3, public=True)
    cluster.steady("caller")
    return cluster


@pytest.fixture(scope="module")
def callers(cluster: Cluster) -> Mapping[str, Probe]:
    """A client in each zone; it offers nothing."""
    probes = {t["availabilityZone"]: Probe(cluster.public_address_of(t), 8080) for t in cluster.tasks("caller")}
    assert len(probes) == 3
    for zone, probe in probes.items():
        eventually(probe.answers, f"the caller in {zone} answers")
    return probes


def zones(cluster: Cluster, service: str) -> dict[str, str]:
    """The zone of each task."""
    return {task_id(task["taskArn"]): task["availabilityZone"] for task in cluster.tasks(service)}


def sample(probe: Probe) -> Counter[str]:
    """The tasks that answer some requests, each over a connection of its own."""
    probe.begin(WEB | {"keep": False}, rate=100)
    eventually(lambda: probe.results()["sent"] >= SAMPLE)
    results = probe.end()
    assert results["failures"] == []
    return Counter(results["answered"])


def keeps(probe: Probe, where: Mapping[str, str], zone: str, at_least: float, at_most: float = 1) -> None:
    """Wait until this share of the caller's requests stays in its zone."""

    def is_within_share() -> bool:
        answered = sample(probe)
        share = sum(n for task, n in answered.items() if where.get(task) == zone) / answered.total()
        return at_least <= share <= at_most

    eventually(is_within_share, f"between {at_least:.0%} and {at_most:.0%} of the requests from {zone} stay there")


def test_callers_stay_in_their_zone_with_two_endpoints_in_each(cluster, callers):
    where = zones(cluster, "web")
    assert Counter(where.values()) == dict.fromkeys(callers, 2)
    for zone, probe in callers.items():
        keeps(probe, where, zone, at_least=0.8)


def test_a_zone_without_endpoints_is_served_by_the_others(cluster, callers):
    where = zones(cluster, "web")
    caller = max(callers)
    callers[caller].begin(WEB, WEB | {"keep": False}, rate=40)
    for task in [t for t, zone in where.items() if zone == caller]:
        cluster.ecs.stop_task(cluster=cluster.name, task=task)
    others = {t for t, zone in where.items() if zone != caller}
    eventually(lambda: others & callers[caller].results()["answered"].keys(), "other zones take over")
    cluster.steady("web")
    results = callers[caller].end()
    assert results["failures"] == []


@pytest.mark.heavy
def test_callers_use_all_zones_with_fewer_than_two_endpoints_each(cluster, callers):
    cluster.update("web", desiredCount=3)
    cluster.steady("web")
    cluster.quiet("web")
    where = zones(cluster, "web")
    for zone, probe in callers.items():
        keeps(probe, where, zone, at_least=0.2, at_most=0.5)
