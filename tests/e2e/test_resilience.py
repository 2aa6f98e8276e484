"""Time-outs and outlier detection, seen from the caller."""

from __future__ import annotations

import json

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture(scope="module")
def cluster(server: Installation) -> Cluster:
    new_cluster = Cluster(server, "resilience", "resilience")
    definition = new_cluster.define("resilience-web", app("web", 8080, "http"))
    new_cluster.serve("pair", definition, offer("web", "pair", 80, discoveryName="pair"), count=2)
    impatient = {"timeout": {"perRequestTimeoutSeconds": 10}}
    new_cluster.serve("impatient", definition, offer("web", "impatient", 80, discoveryName="impatient", **impatient))
    new_cluster.steady("pair", "impatient")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("resilience-caller")


def test_a_request_over_its_time_is_answered_with_504(probe):
    quick = probe.ask("http", url="http://impatient/slow/0.1")
    slow = probe.ask("http", url="http://impatient/slow/30")
    assert quick["status"] == 200
    assert (slow["status"], slow["text"]) == (504, "upstream request timeout")


def test_only_503_responses_of_the_application_are_retried(probe):
    assert probe.ask("http", url="http://pair/status/500")["status"] == 500
    assert probe.ask("http", url="http://pair/status/404")["status"] == 404


def test_a_task_that_always_answers_503_is_hidden_by_retries_and_ejected(cluster, probe):
    bad = json.loads(probe.ask("http", url="http://pair/fail")["text"])["task"]
    (address,) = [
        detail["value"]
        for task in cluster.tasks("pair")
        if task_id(task["taskArn"]) == bad
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    ]

    def refused_count() -> int:
        return int(json.loads(probe.ask("http", url=f"http://{address}:8080/count")["text"])["refused"])

    def answering_tasks(times: int) -> set[str]:
        answers = [probe.ask("http", url="http://pair/") for _ in range(times)]
        assert {answer["status"] for answer in answers} == {200}
        return {json.loads(answer["text"])["task"] for answer in answers}

    eventually(lambda: answering_tasks(10) and refused_count() >= 5)
    answering_tasks(10)
    left_alone_at = refused_count()
    assert bad not in answering_tasks(20)
    assert refused_count() == left_alone_at
