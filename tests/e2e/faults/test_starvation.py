"""A machine that is short of processors: a proxy's workers may apply a configuration after the proxy has acknowledged
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.faults.field import Field
from tests.e2e.faults.starve import starve, threads
from tests.e2e.installation import Installation
from tests.e2e.proxies import envoys
from tests.e2e.stack import Cluster, Probe, app, offer, processes
from tests.e2e.waiting import eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

LINES = {"kind": "lines", "host": "lines", "port": 7000}
GETS = {"kind": "http", "url": "http://web/", "method": "GET"}
POSTS = GETS | {"method": "POST"}
SLOW = POSTS | {"url": "http://web/slow/5"}
CALLERS = 6
ESTABLISHED = "01"
"""In the kernel's table of connections."""
HELD = 5
"""Seconds: longer than a task is given between the last acknowledgement and SIGTERM."""


@pytest.fixture(scope="module")
def cluster(field: Field) -> Cluster:
    new_cluster = Cluster(field.installation, "starving", "starving")
    definition = new_cluster.define("pair", app("lines", 7000), app("web", 8080, "http"))
    new_cluster.serve("pair", definition, offer("lines", "lines", 7000), offer("web", "web"))
    new_cluster.steady("pair")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("starving-caller")


@contextmanager
def workers_starved(installation: Installation, arn: str, *, accepting: bool = False) -> Iterator[None]:
    """The threads of a task's proxy that carry its traffic stand still; ``accepting`` as of ``starve``, for the first
    one: the connection that it is about to accept may be the only one.
    """
    (envoy,) = envoys(installation, arn)
    with ExitStack() as starving:
        for number, worker in enumerate(threads(envoy, "wrk:worker_")):
            starving.enter_context(starve(worker, accepting=accepting and number == 0))
        yield


# Not POSTs of the starved caller: one that its proxy has taken up, but not sent, may meet a connection that has ended.
@pytest.mark.parametrize(
    ("owner", "requests"),
    [
        pytest.param("the caller's", GETS, id="the caller's"),
        pytest.param("the leaving task's", POSTS, id="the leaving task's"),
    ],
)
def test_a_task_stops_while_a_proxy_gets_no_processor(field, cluster, probe, owner, requests):
    younger = add_task(cluster)
    (caller,) = cluster.tasks("starving-caller")
    probe.begin(*[LINES] * (CALLERS - 2), *[requests] * 2)
    eventually(lambda: len(probe.results()["answered"]) == 2)
    starving = caller["taskArn"] if owner == "the caller's" else younger
    with workers_starved(field.installation, starving):
        eventually(lambda: stuck(probe), "callers wait for the proxy that stands still")
        cluster.update("pair", desiredCount=1)
        while_it_lasts(HELD)
    cluster.steady("pair")
    cluster.quiet("pair")
    results = probe.end()
    assert younger not in {task["taskArn"] for task in cluster.tasks("pair")}
    assert results["failures"] == []


def test_a_task_stops_while_its_proxy_does_not_report_active_requests(field, cluster, probe):
    younger = add_task(cluster)
    (envoy,) = envoys(field.installation, younger)
    probe.begin(POSTS)
    eventually(lambda: len(probe.results()["answered"]) == 2)
    assert probe.end()["failures"] == []
    probe.begin(*[SLOW] * CALLERS)
    eventually(lambda: stuck(probe), "each task has something to do")
    cluster.update("pair", desiredCount=1)
    eventually(lambda: field.is_closed(younger), "what is under way is counted from now on")
    with starve(envoy):  # its main thread, which is who says
        eventually(lambda: sum(probe.results()["answered"].values()) >= CALLERS, "what was under way is answered")
    cluster.steady("pair")
    cluster.quiet("pair")
    assert probe.end()["failures"] == []


def test_a_new_name_resolves_while_the_callers_proxy_workers_get_no_processor(field):
    cluster = Cluster(field.installation, "found", "found")
    arn = cluster.ecs.describe_clusters(clusters=["found"])["clusters"][0]["clusterArn"]
    cluster.ecs.tag_resource(resourceArn=arn, tags=[{"key": "moyai:live-endpoints", "value": "on"}])
    serve(cluster, "first")
    cluster.serve("client", cluster.define("found-client", calling("first"), calling("second")))
    cluster.steady("client")
    (client,) = (task["taskArn"] for task in cluster.tasks("client"))
    eventually(lambda: cluster.output_lines(client, "first")[-1:] == ["200"], "the first name is called all the time")
    (calls,) = processes(client, "http://second")
    with workers_starved(field.installation, client, accepting=True):
        serve(cluster, "second")
        eventually(partial(is_called, calls, "second"), "the second name is found, and a connection waits")
    eventually(lambda: len(cluster.output_lines(client, "second")) > 1, "the first call of the second name is answered")
    assert cluster.output_lines(client, "second") == ["unresolved", "200"]
    assert cluster.output_lines(client, "first") in (["200"], ["unresolved", "200"])


def serve(cluster: Cluster, name: str) -> None:
    definition = cluster.define(f"{cluster.name}-{name}", app("web", 8080, "http"))
    cluster.serve(name, definition, offer("web", name, discoveryName=name))
    cluster.steady(name)


def calling(name: str) -> dict[str, Any]:
    """A container that makes one connection after the other to a name."""
    return app("caller", command=["python3", "-m", "tests.e2e.apps.caller", f"http://{name}"]) | {"name": name}


def is_called(pid: int, name: str) -> bool:
    """Whether a process finds the name in its hosts file, and has a connection to it."""
    hosts = [line.split() for line in Path(f"/proc/{pid}/root/etc/hosts").read_text().splitlines()]
    (found,) = [words[0] for words in hosts if name in words] or [""]
    peer = f"{int.from_bytes(IPv4Address(found).packed, 'little'):08X}:0050" if found else ""
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return any((row[2], row[3]) == (peer, ESTABLISHED) for row in rows)


def add_task(cluster: Cluster) -> str:
    """A second task, the one that will leave when there is to be one again."""
    (elder,) = cluster.tasks("pair")
    cluster.update("pair", desiredCount=2)
    cluster.steady("pair")
    (younger,) = {task["taskArn"] for task in cluster.tasks("pair")} - {elder["taskArn"]}
    return str(younger)


def stuck(probe: Probe) -> bool:
    """Whether every caller has a question under way."""
    results = probe.results()
    return bool(results["sent"] - sum(results["answered"].values()) - results["failed"] == CALLERS)
