"""Why a task's calls of a name end as they do."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.connect.names import SeenName
from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.state import EndpointHealth, ProxyEndpoint
from moyai.domain.world import Put
from moyai.kernel.ids import InstanceId, ServiceArn
from moyai.plan.explain import Explanation, Reachability, explain
from moyai.plan.service_connect.endpoints import endpoints_in
from moyai.testing.world import Builder
from tests.unit.plan.tasks import settled_service
from tests.unit.plan.test_doctor import offer

ADDRESS, PORT = "172.31.9.9", 8080
ENDPOINT = ProxyEndpoint("egress/any", ADDRESS, PORT, requests=7, errors=2)


class Caller(NamedTuple):
    """A task that knows the name back-api:80 of the service back."""

    build: Builder
    back: ServiceArn
    task: Task

    def explanation_of(self, name: str, port: int | None = None, *endpoints: ProxyEndpoint) -> Explanation:
        return explain(self.build.world, self.task, name, port, endpoints or None)


@pytest.fixture
def caller() -> Caller:
    build, front = settled_service(1, offers=[])
    back = offer(build, "back", answered=False)
    (task,) = build.tasks(front)
    assert task.view is not None
    target = endpoints_in(build.world, task.view.namespace)["back-api", 80]
    attributes = {"AWS_INSTANCE_IPV4": ADDRESS, "AWS_INSTANCE_PORT": str(PORT)}
    build.book.apply([Put(DiscoveryInstance(target, InstanceId("i"), attributes, build.clock.now()))])
    seen = SeenName("back-api", 80, "127.255.0.1", target)
    return Caller(build, back, replace(task, view=replace(task.view, names=(seen,))))


def test_a_name_that_is_newer_than_the_deployment_is_known_to_be_so(caller):
    (task,) = (t for t in caller.build.world.tasks if t.arn == caller.task.arn)
    answer = caller._replace(task=task).explanation_of("back-api")
    assert (answer.verdict, "newer than the task's deployment" in answer.reason) == (Reachability.UNKNOWN_NAME, True)
    assert "force-new-deployment" in answer.remedy


@pytest.mark.parametrize(
    ("name", "port", "reason"),
    [
        ("back-apo", None, "Similar names: back-api"),
        ("back-api", 81, "knows back-api at port 80 only"),
        ("zzz", None, "no service of the namespace offers zzz."),
    ],
)
def test_an_unknown_name_has_a_reason(caller, name, port, reason):
    answer = caller.explanation_of(name, port)
    assert answer.verdict is Reachability.UNKNOWN_NAME
    assert reason in answer.reason
    assert answer.names == ("back-api:80",)


def test_a_task_without_service_connect_knows_no_name(caller):
    answer = caller._replace(task=replace(caller.task, view=None)).explanation_of("back-api")
    assert (answer.names, "no Service Connect" in answer.reason) == ((), True)


@pytest.mark.parametrize(
    ("endpoint", "verdict", "why_not"),
    [
        (ENDPOINT, Reachability.REACHABLE, ""),
        (replace(ENDPOINT, ejected=True), Reachability.UNREACHABLE, "ejected"),
        (replace(ENDPOINT, health=EndpointHealth.UNHEALTHY), Reachability.UNREACHABLE, "health check"),
        (replace(ENDPOINT, draining=True), Reachability.UNREACHABLE, "does not have it"),
        (replace(ENDPOINT, port=1), Reachability.UNREACHABLE, "does not have it"),
    ],
)
def test_an_endpoint_is_as_the_proxy_has_it(caller, endpoint, verdict, why_not):
    answer = caller.explanation_of("BACK-API", 80, endpoint)
    (candidate,) = answer.candidates
    assert (answer.verdict, answer.service.endswith("/back"), why_not in candidate.why_not) == (verdict, True, True)
    assert candidate.requests == (7 if candidate.known_to_proxy else 0)


def test_without_an_answer_of_the_proxy_the_verdict_is_unknown(caller):
    answer = caller.explanation_of("back-api")
    assert (answer.verdict, "1 endpoint should get requests" in answer.reason) == (Reachability.UNKNOWN, True)


@pytest.mark.parametrize(
    ("requests", "errors", "active", "verdict"),
    [
        (0, 0, 0, Reachability.REACHABLE),
        (0, 3, 0, Reachability.UNKNOWN),
        (3, 3, 0, Reachability.UNKNOWN),
        (5, 3, 2, Reachability.UNKNOWN),
        (2, 0, 2, Reachability.REACHABLE),
        (3, 2, 0, Reachability.REACHABLE),
    ],
)
def test_an_endpoint_at_which_everything_failed_is_not_called_reachable(caller, requests, errors, active, verdict):
    endpoint = replace(ENDPOINT, requests=requests, errors=errors, active=active)
    assert caller.explanation_of("back-api", 80, endpoint).verdict is verdict


def test_some_endpoints_of_several_are_a_degradation(caller):
    target = caller.task.view.names[0].target
    attributes = {"AWS_INSTANCE_IPV4": "172.31.9.10", "AWS_INSTANCE_PORT": str(PORT)}
    caller.build.book.apply([Put(DiscoveryInstance(target, InstanceId("j"), attributes, caller.build.clock.now()))])
    answer = caller.explanation_of("back-api", 80, ENDPOINT)
    assert (answer.verdict, answer.reason) == (Reachability.DEGRADED, "1 of 2 endpoints get requests.")
