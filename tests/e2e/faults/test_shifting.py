"""Traffic that moves from one revision to the next, at once or in steps, while the service is called all the time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.faults.field import Field, faultless, nothing_unknown

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]


def deploy(field: Field, scenario: str, **configuration: Any) -> None:
    """Deploy a new revision by this strategy; in the end it has all of the traffic, and no call has failed."""
    with field.load(scenario) as run:
        before = set(field.tasks())
        way = {"bakeTimeInMinutes": 0} | configuration
        field.cluster.update("ledger", taskDefinition=field.definition("3"), deploymentConfiguration=way)
        field.whole()
        field.cluster.quiet("ledger")
        assert before.isdisjoint(field.tasks())
    field.cluster.update("ledger", deploymentConfiguration={"strategy": "ROLLING"})
    faultless(run)
    nothing_unknown(run)


def test_a_blue_green_deployment(field):
    deploy(field, "a blue/green deployment", strategy="BLUE_GREEN")


def test_a_canary_deployment(field):
    canary = {"canaryPercent": 25.0, "canaryBakeTimeInMinutes": 0}
    deploy(field, "a canary deployment", strategy="CANARY", canaryConfiguration=canary)


def test_a_linear_deployment(field):
    linear = {"stepPercent": 34.0, "stepBakeTimeInMinutes": 0}
    deploy(field, "a linear deployment", strategy="LINEAR", linearConfiguration=linear)
