"""Faults behind and in a load balancer while it is called a hundred times a second.

A load balancer retries no request, as on AWS: those that a target was processing when it died fail. Asserted: what ends
in an orderly way loses nothing, nothing is done twice, and everything answers again.
"""

from __future__ import annotations

from typing import Any

import pytest
from typing_extensions import override

from tests.e2e.balancers import Balancer
from tests.e2e.faults.field import SIZE, Field, Row, faultless, nothing_unknown, once
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, kill
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class BalancedField(Field):
    """The same service behind a load balancer. The caller asks one of its nodes by address: while the control plane is
    away, no name of a load balancer is resolved.
    """

    def __init__(self, installation: Installation, rows: list[Row]) -> None:
        self.installation = installation
        self.rows = rows
        self.cluster = Cluster(installation, "balanced-faults")
        self.balancer = Balancer(self.cluster, "faults", "internal")
        self.caller, self.url = "balanced-caller", f"http://{self.balancer.private_addresses()[0]}/"
        behind: dict[str, Any] = {
            "targetGroupArn": self.balancer.group,
            "containerName": "ledger",
            "containerPort": 8080,
        }
        definition = self.definition("1")
        self.cluster.serve("ledger", definition, count=SIZE, connect=False, loadBalancers=[behind])
        self.cluster.steady("ledger")
        self.probe = self.cluster.probe(self.caller, connect=False)
        self.every_task: set[str] = set()

    @override
    def whole(self) -> list[str]:
        arns = super().whole()
        self.balancer.await_health(healthy=SIZE)
        return arns

    @override
    def retries(self) -> int:
        return 0

    def answers(self) -> bool:
        """Whether the load balancer answers a request of another task."""
        try:
            return bool(self.probe.ask("http", url=self.url).get("status") == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def balanced_field(field: Field, rows: list[Row]) -> BalancedField:
    return BalancedField(field.installation, rows)


def test_a_rolling_deployment_behind_a_load_balancer_loses_nothing(balanced_field):
    with balanced_field.load("load balancer: a rolling deployment") as run:
        balanced_field.start_anew("2")
    faultless(run)
    nothing_unknown(run)


@pytest.mark.heavy
def test_a_stopped_task_behind_a_load_balancer_loses_nothing(balanced_field):
    with balanced_field.load("load balancer: StopTask") as run:
        balanced_field.replace(balanced_field.tasks()[0])
        balanced_field.whole()
    faultless(run)
    nothing_unknown(run)


@pytest.mark.heavy
def test_a_target_of_a_load_balancer_is_killed(balanced_field):
    with balanced_field.load("load balancer: a target is killed") as run:
        victim = balanced_field.tasks()[0]
        kill(victim, "apps.ledger")
        balanced_field.cluster.until(victim, "STOPPED")
        balanced_field.whole()
    once(run)


@pytest.mark.heavy
def test_a_target_of_a_load_balancer_misreports_its_health(balanced_field):
    with balanced_field.load("load balancer: a target fails its health check") as run:
        victim = balanced_field.tasks()[0]
        balanced_field.set_mode(victim, "busy")
        balanced_field.cluster.until(victim, "STOPPED")
        balanced_field.whole()
    once(run)


@pytest.mark.heavy
def test_the_front_proxy_of_a_load_balancer_is_killed(balanced_field):
    with balanced_field.load("load balancer: the front proxy is killed") as run:
        balanced_field.balancer.kill_front()
        eventually(balanced_field.answers, "the load balancer answers again")
        balanced_field.whole()
    once(run)


@pytest.mark.heavy
def test_the_control_plane_of_a_load_balancer_is_killed(balanced_field):
    with balanced_field.load("load balancer: the control plane is killed") as run:
        balanced_field.installation.kill()
        run.answers(100)
        balanced_field.installation.up()
        balanced_field.whole()
    faultless(run)
    nothing_unknown(run)
