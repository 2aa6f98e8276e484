"""Faults while a service is called a hundred times a second, and their effect on its callers.

Asserted, wherever a healthy task remained: no request that may be repeated fails, and nothing is done twice. A POST
that an application may have begun when it or its proxy died fails, because nobody can know whether it was done; where
the proxies can know, it doesn't. Times are printed, never asserted. ``make faults`` runs all, ``make test`` a few.
"""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.e2e.faults.field import Field, faultless, nothing_unknown, once
from tests.e2e.proxies import envoys
from tests.e2e.stack import kill
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


# ------------------------------------------------------------------------------------------------- sudden death


@pytest.mark.heavy
def test_an_application_is_killed(field):
    with field.load("an application is killed") as run:
        victim = field.tasks()[0]
        kill(victim, "apps.ledger")
        field.cluster.until(victim, "STOPPED")
        field.whole()
    faultless(run)


def test_a_proxy_is_killed(field, topology):
    with field.load("a proxy is killed") as run:
        tasks = field.tasks()
        for envoy in envoys(field.installation, tasks[0]):
            os.kill(envoy, signal.SIGKILL)
        if topology == "sidecar":
            field.cluster.until(tasks[0], "STOPPED")
        run.answers(100)
        field.whole()
    if topology == "sidecar":
        faultless(run)
    else:  # the caller has lost its proxy, too
        once(run)
        assert field.tasks() == tasks


@pytest.mark.heavy
def test_the_control_plane_is_killed(field):
    with field.load("the control plane is killed") as run:
        field.installation.kill()
        run.answers(100)
        field.installation.up()
        field.whole()
    faultless(run)
    nothing_unknown(run)


# ------------------------------------------------------------------------------------------------- bad company


def test_a_task_stops_answering(field):
    with field.load("a task falls silent (link cut)") as run:
        victim = field.tasks()[0]
        with field.silent(victim):
            run.answers(300)
            eventually(lambda: no_longer_asked(field), "the silent task is left alone")
            field.replace(victim)
        field.whole()
    faultless(run)


def no_longer_asked(field: Field) -> bool:
    """Whether no request is under way that has been for more than a second."""
    return bool(field.probe.steadily()["oldest"] < 1)


@pytest.mark.heavy
def test_a_task_is_slow(field):
    with field.load("a task is slow") as run:
        victim = field.tasks()[0]
        field.set_mode(victim, "slow")
        run.answers(300)
        field.set_mode(victim, "well")
    faultless(run)
    nothing_unknown(run)


@pytest.mark.heavy
def test_a_task_resets_connections(field):
    with field.load("a task resets its connections") as run:
        victim = field.tasks()[0]
        field.set_mode(victim, "cut")
        run.answers(300)
        field.replace(victim)
        field.whole()
    faultless(run)


@pytest.mark.heavy
def test_a_task_answers_503(field):
    with field.load("a task answers 503") as run:
        victim = field.tasks()[0]
        field.set_mode(victim, "busy")
        run.answers(300)
        field.replace(victim)
        field.whole()
    faultless(run)
    nothing_unknown(run)


@pytest.mark.heavy
def test_a_task_refuses_connections(field):
    with field.load("a task refuses connections") as run:
        victim = field.tasks()[0]
        field.set_mode(victim, "deaf")
        run.answers(300)
        field.replace(victim)
        field.whole()
    faultless(run)  # connections that waited to be accepted are reset, and a POST on one of them is unknown


# ---------------------------------------------------------------------------------------------------- changes


@pytest.mark.heavy
def test_a_rolling_deployment(field):
    with field.load("a rolling deployment") as run:
        before = set(field.tasks())
        field.cluster.update("ledger", taskDefinition=field.definition("2"))
        field.whole()
        field.cluster.quiet("ledger")
        assert before.isdisjoint(field.tasks())
    faultless(run)
    nothing_unknown(run)


@pytest.mark.heavy
def test_scaling_to_zero_and_back(field):
    with field.load("scale to zero and back") as run:
        begin = run.now()
        field.cluster.update("ledger", desiredCount=0)
        field.cluster.quiet("ledger")
        eventually(lambda: field.probe.steadily()["failed"] > 10, "callers are told that there is nobody")
        field.cluster.update("ledger", desiredCount=3)
        field.whole()
        end = run.now()
    once(run)
    lines = {(failure["status"], failure["body"]) for failure in run.results["failures"]}
    assert lines == {("503", "no healthy upstream")}, json.dumps(run.results["failures"], indent=1)
    assert run.results["failures"][0]["at"] > begin
    assert run.results["last_failure"] < end
