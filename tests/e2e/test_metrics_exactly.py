"""Load generator, application, CloudWatch, Prometheus and console count the same, whatever happens meanwhile.

A kill of the control plane is among it: proxies count on, and what they have counted comes once.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, NamedTuple

import pytest

from tests.e2e.console.browser import Person, chromium
from tests.e2e.installation import Installation
from tests.e2e.prometheus import Prometheus
from tests.e2e.stack import Cluster, Probe, app, offer, port_health_check
from tests.e2e.waiting import eventually, while_it_lasts
from tests.e2e.witnesses import PERCENTILES, CloudWatch, Console, Count, Edge, Scraper, since

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SAVED = 6  # seconds within which what was counted is on disk
EDGE = Edge("exact", "exact-caller", "exact")
BOUNDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000)
"""Of the histogram; milliseconds."""
LATENCIES = ("/slow/30",) * 7 + ("/slow/120",) * 2 + ("/slow/600",)
COUNTING = app("counting", 8080, "http", healthCheck=port_health_check(8080))
"""Healthy once it listens: what a proxy answers in the place of one that does not yet, no application counts."""
KINDS = ("/ok", "/ok", "/status/503", "/ok", "/status/500", "/slow/20", "/status/404", "/status/302")
FAILING = ("got status/500", "got status/503")


class Witnesses(NamedTuple):
    cloudwatch: CloudWatch
    prometheus: Scraper
    console: Console


class Quiet(NamedTuple):
    """A time in which nothing failed: its beginning, and the milliseconds of each request."""

    begun: float
    times: list[float]


@pytest.fixture(scope="module")
def witnesses(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnesses]:
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), installation.port)
    with closing(prometheus), chromium() as browser:
        page = browser.new_context(locale="en-US", viewport={"width": 1440, "height": 900}).new_page()
        person = Person(page, installation.url)
        yield Witnesses(CloudWatch(installation, EDGE), Scraper(prometheus), Console(person, EDGE))
        assert person.complaints == []


@pytest.fixture(scope="module")
def cluster(installation: Installation) -> Cluster:
    new_cluster = Cluster(installation, "exact", "exact")
    definition = new_cluster.define("exact", COUNTING)
    new_cluster.serve("exact", definition, offer("counting", "exact", discoveryName="exact"), count=2)
    new_cluster.serve("exact-caller", new_cluster.define("exact-caller", app("probe", 8080, "http")), public=True)
    new_cluster.steady("exact", "exact-caller")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    made = Probe(cluster.public_address("exact-caller"), 8080)
    eventually(made.answers, "the caller answers")
    return made


@pytest.fixture(scope="module")
def quiet(witnesses: Witnesses, probe: Probe) -> Quiet:
    """Nothing else has been asked yet."""
    started_time = time.time()
    results = load(probe, 6, 2.5, LATENCIES)
    assert set(results["statuses"]) == {"200"}
    sent = len(results["times"])
    eventually(lambda: witnesses.prometheus.count().requests >= sent, "every request is counted")
    return Quiet(started_time, list(results["times"]))


def load(probe: Probe, callers: int, seconds: float, paths: tuple[str, ...]) -> Any:
    command = ("python3", "-m", "tests.e2e.apps.mixed", "http://exact/", str(callers), str(seconds), *paths)
    ran = probe.run(*command)
    assert ran["code"] == 0, ran
    return json.loads(ran["out"])


def stood(cluster: Cluster) -> set[str]:
    """The service's tasks, those that have stopped too."""
    return {task["taskArn"] for status in ("RUNNING", "STOPPED") for task in cluster.tasks("exact", status)}


def received_lines(cluster: Cluster, arns: set[str]) -> list[str]:
    """The lines that the application has written, in all its tasks."""
    return [line for arn in arns for line in cluster.output_lines(arn, "counting") if line.startswith("got ")]


def truth(statuses: Counter[str], written: list[str]) -> Count:
    """The counts of the load generator and of the application."""
    assert statuses["none"] == 0
    classes = ({"200"}, {"302"}, {"404"}, {"500", "503"})
    total, attempts = statuses.total(), len(written)
    return Count(
        requests=total,
        failures=statuses["500"] + statuses["503"],
        retries=attempts - total,
        answers=tuple(sum(statuses[code] for code in codes) for codes in classes),
        attempts=attempts,
        failed_attempts=sum(line in FAILING for line in written),
    )


def bucket(milliseconds: float) -> int:
    """Which of the histogram's it falls into."""
    return bisect_left(BOUNDS, milliseconds)


def test_percentiles_agree_within_a_bucket(quiet, witnesses):
    times, span = quiet.times, since(quiet.begun)
    measured_times = [times[min(len(times) * percentile // 100, len(times) - 1)] for percentile in PERCENTILES]
    witnesses.console.look(span)
    by_cloudwatch = witnesses.cloudwatch.percentiles(span)
    by_prometheus, by_console = witnesses.prometheus.percentiles(), witnesses.console.percentiles()
    for percentiles in (by_cloudwatch, by_prometheus, by_console):
        away = [
            bisect_left(BOUNDS, one) - bisect_left(BOUNDS, other)
            for one, other in zip(measured_times, percentiles, strict=True)
        ]
        assert max(map(abs, away)) <= 1, (measured_times, percentiles)
    assert by_prometheus == pytest.approx(by_cloudwatch, rel=0.01)
    assert by_console == pytest.approx(by_cloudwatch, abs=0.5)


@pytest.mark.heavy
def test_all_counters_agree_through_failures_a_deployment_and_a_kill(quiet, witnesses, cluster, probe):
    cloudwatch, prometheus, console = witnesses
    arns = stood(cluster)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(load, probe, 6, 7, KINDS)
        while_it_lasts(1)
        cluster.update("exact", taskDefinition=cluster.define("exact", COUNTING))
        results = Counter(sending.result()["statuses"])
        cluster.steady("exact")
        cluster.quiet("exact")
        arns |= stood(cluster)
        # what a proxy counted last is lost where it ends while nobody listens, or less than a save before the kill
        had = len(received_lines(cluster, arns))
        eventually(lambda: cloudwatch.count(since(quiet.begun)).attempts >= had, "the ended have reported")
        while_it_lasts(SAVED)
        sending = pool.submit(load, probe, 6, 6, KINDS)
        while_it_lasts(1)
        cluster.installation.kill()
        while_it_lasts(2)
        cluster.installation.up()
        results += Counter(sending.result()["statuses"])
    arns |= stood(cluster)
    assert len(arns) == 4
    counted_truth = truth(Counter({"200": len(quiet.times)}) + results, received_lines(cluster, arns))
    assert min(*counted_truth.answers, counted_truth.retries) > 0
    eventually(lambda: prometheus.count().covers(counted_truth), f"all of {counted_truth} is scraped")
    assert prometheus.count() == counted_truth
    span = since(quiet.begun)
    assert cloudwatch.count(span) == counted_truth
    assert cloudwatch.count(span, period=5) == counted_truth
    console.look(span)
    assert console.count() == counted_truth
    assert console.health(span) == (counted_truth.attempts, counted_truth.answers)
