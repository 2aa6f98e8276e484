"""The findings of ``moyai doctor``."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService, DnsConfig, DnsRecord, RecordType
from moyai.domain.connect.outside import CLIENT_PORT
from moyai.domain.ecs.cluster import ClusterConfiguration, ExecuteCommandConfiguration
from moyai.domain.ecs.load_balancer import TaskTarget
from moyai.domain.ecs.service import DeploymentConfiguration, RolloutState
from moyai.domain.ecs.task import DesiredStatus, StopCode, TaskStatus
from moyai.domain.elb.load_balancer import LoadBalancerState
from moyai.domain.elb.target_group import INITIAL_HEALTH_CHECKING, TargetHealth, TargetState
from moyai.domain.sandbox.state import ExpectedListener, Health
from moyai.domain.world import ProxyState, Put
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId, InstanceId, ProxyId, ServiceArn
from moyai.plan.doctor import ServerObservations, findings
from moyai.plan.elb.target_health import HEALTHY
from moyai.plan.events import STEADY, STUCK, announce, not_listening, task_unplaced
from moyai.plan.task.stop import FAILED_HEALTH_CHECKS, failed_target_health_checks
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import put, schedule, settled_service

WELL = ProxyState(connected=True, synced=True)
UNHEALTHY = TargetHealth(TargetState.UNHEALTHY, "Target.Timeout", "Request timed out")


def findings_with(build: Builder, proxy: ProxyState = WELL, *left_out: tuple[str, str]) -> list[Any]:
    """Everything that is found when all proxies are like this."""
    states = {ProxyId(t.arn): proxy for t in build.world.tasks}
    return [(f.severity.value, f.kind, f.message) for f in findings(build.world, states, left_out)]


def kinds(build: Builder, proxy: ProxyState = WELL) -> list[str]:
    return [kind for _, kind, _ in findings_with(build, proxy)]


def offer(build: Builder, name: str, desired: int = 1, *, answered: bool = True) -> ServiceArn:
    arn = build.service(name, build.definition(name, container("api", port=9000)), desired, offers=["api"])
    (owned,) = build.world.discovery_services.by("owner", arn)
    if answered:
        build.book.apply([Put(DiscoveryInstance(owned.arn, InstanceId("i"), {}, build.clock.now()))])
    return arn


def by_hand(build: Builder, name: str, **members: Any) -> None:
    identity = DiscoveryServiceArn(f"arn:aws:servicediscovery:us-east-1:123456789012:service/srv-{name}")
    made = DiscoveryService(identity, DiscoveryServiceId(f"srv-{name}"), name, build.namespace(), build.clock.now())
    build.book.apply([Put(replace(made, **members))])


def announce_events(build: Builder, service: ServiceArn, *texts: str) -> None:
    build.book.apply(announce(build.world, service, texts, build.clock.now(), build.ids))


def test_a_healthy_service_has_no_findings():
    build, _ = settled_service(2, offers=[])
    assert findings_with(build) == []


def test_a_cluster_whose_sessions_are_to_be_recorded_is_a_warning():
    build, _ = settled_service(1, offers=[])
    cluster = build.world.clusters[build.cluster()]
    for logging, expected in (("DEFAULT", []), ("OVERRIDE", ["sessions-not-recorded"])):
        configuration = ClusterConfiguration(ExecuteCommandConfiguration(logging))
        build.book.apply([Put(replace(cluster, configuration=configuration))])
        assert kinds(build) == expected


def test_a_port_that_could_not_be_opened_is_a_problem_with_its_reason():
    observed = ServerObservations(port_failures={"127.83.0.1:80": "Address already in use"})
    (problem,) = findings(Builder().world, {}, server=observed)
    assert (problem.severity, problem.kind, problem.subject) == ("problem", "port-not-open", "127.83.0.1:80")
    assert problem.message == "it could not be opened: Address already in use"


def test_ignored_members_are_warnings():
    build, _ = settled_service(1, offers=[])
    observed = ServerObservations(ignored_members=[("ecs CreateService", "CreateServiceRequest.new")])
    warnings = findings(build.world, {ProxyId(t.arn): WELL for t in build.world.tasks}, server=observed)
    assert [(f.severity, f.kind, f.subject) for f in warnings] == [("warning", "ignored-member", "ecs CreateService")]


def test_unwritable_state_is_a_problem():
    build, _ = settled_service(1, offers=[])
    well = {ProxyId(task.arn): WELL for task in build.world.tasks}
    observed = ServerObservations(["The state can't be written: the disk is full."])
    (finding,) = findings(build.world, well, server=observed)
    assert (finding.severity.value, finding.kind) == ("problem", "disk")
    assert finding.message == "The state can't be written: the disk is full."


def test_disconnected_and_unknown_proxies_are_findings():
    build, _ = settled_service(1, offers=[])
    assert kinds(build, ProxyState()) == ["proxy-not-connected"]
    assert [f.kind for f in findings(build.world, {})] == ["proxy-not-connected"]


def test_a_rejected_configuration_is_a_problem_with_its_reason():
    build, _ = settled_service(1, offers=[])
    (finding,) = findings_with(build, ProxyState(connected=True, rejection="no such filter"))
    assert finding[:2] == ("problem", "configuration-refused")
    assert "no such filter" in finding[2]


def test_an_external_proxys_rejection_is_a_problem_with_its_reason():
    build, _ = settled_service(1, offers=[])
    refusing = ProxyId("arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/front#1")
    states = {refusing: ProxyState(connected=True, rejection="no such filter"), ProxyId("mesh#2"): ProxyState()}
    (finding,) = (f for f in findings(build.world, states) if f.subject == refusing)
    assert (finding.kind, "no such filter" in finding.message) == ("configuration-refused", True)


def test_a_proxy_that_is_being_configured_is_a_warning():
    build, _ = settled_service(1, offers=[])
    assert findings_with(build, ProxyState(connected=True))[0][:2] == ("warning", "configuration-under-way")


def test_unreachable_names_are_found_with_their_tasks():
    build, front = settled_service(1, offers=[])
    offer(build, "back")
    (task,) = build.tasks(front)
    (finding,) = findings_with(build)
    assert finding == (
        "note",
        "names-not-seen",
        f"running tasks {task.id} can't call back-api:80: their deployment is older.",
    )


def test_failing_starts_are_found_with_the_last_reason():
    build, front = settled_service(1)
    (task,) = build.tasks(front)
    put(build, task.arn, last_status=TaskStatus.STOPPED, stopped_reason="CannotPull", stop_code=StopCode.USER_INITIATED)
    service = build.world.services[front]
    build.book.apply([Put(replace(service, deployments=(replace(service.primary, failed_tasks=4),)))])
    ((severity, kind, message),) = findings_with(build)
    assert (severity, kind) == ("problem", "tasks-do-not-start")
    assert message.startswith("4 tasks in a row")
    assert "CannotPull" in message


def test_tasks_that_are_replaced_as_unhealthy_are_found_until_one_runs():
    build, front = settled_service(2)
    tasks = build.tasks(front)
    for task in tasks:
        put(build, task.arn, last_status=TaskStatus.STOPPED, stopped_reason=FAILED_HEALTH_CHECKS)
    ((severity, kind, message),) = findings_with(build)
    assert (severity, kind) == ("problem", "tasks-unhealthy")
    assert message.startswith("2 of its tasks were stopped")
    assert FAILED_HEALTH_CHECKS in message
    put(build, tasks[0].arn, last_status=TaskStatus.RUNNING)
    assert "tasks-unhealthy" not in kinds(build)


def stop_as_unhealthy(build: Builder, service: ServiceArn, reason: str) -> None:
    for task in build.tasks(service):
        put(
            build, task.arn, last_status=TaskStatus.STOPPED, desired_status=DesiredStatus.STOPPED, stopped_reason=reason
        )
    schedule(build, service)


def test_a_task_that_runs_while_its_container_check_fails_hides_no_finding():
    build, front = settled_service(2, checked=True)
    stop_as_unhealthy(build, front, FAILED_HEALTH_CHECKS)
    _, running = (task for task in build.tasks(front) if task.last_status is not TaskStatus.STOPPED)
    for health in (Health.UNKNOWN, Health.UNHEALTHY):
        started = {"started_at": build.clock.now(), "ready_at": build.clock.now()}
        put(build, running.arn, last_status=TaskStatus.RUNNING, health_status=health, **started)
        assert "tasks-unhealthy" in kinds(build)
    put(build, running.arn, health_status=Health.HEALTHY)
    assert "tasks-unhealthy" not in kinds(build)


def test_a_task_that_runs_while_its_target_fails_hides_no_finding():
    build, front = settled_service(2)
    group = BalancerBuilder(build).group()
    stop_as_unhealthy(build, front, failed_target_health_checks(group.arn))
    _, running = (task for task in build.tasks(front) if task.last_status is not TaskStatus.STOPPED)
    started = {"started_at": build.clock.now(), "ready_at": build.clock.now()}
    targets = (TaskTarget(group.arn, "app", 80),)
    put(build, running.arn, last_status=TaskStatus.RUNNING, targets=targets, **started)
    assert "tasks-unhealthy" in kinds(build)
    put(build, running.arn, target_health=Health.HEALTHY)
    assert "tasks-unhealthy" not in kinds(build)


def test_a_running_task_that_did_not_listen_is_found():
    build, front = settled_service(1)
    (task,) = build.tasks(front)
    announce_events(build, front, not_listening(task, [ExpectedListener("tcp", 80, 80, ("127.0.0.1",))], 40.0))
    ((severity, kind, message),) = findings_with(build)
    assert (severity, kind) == ("warning", "not-listening")
    assert message.startswith("a task did not listen within 40 seconds of its start; it may listen by now.")
    assert f"(task {task.id})" in message
    put(build, task.arn, last_status=TaskStatus.STOPPED)
    assert "not-listening" not in kinds(build)


def test_a_service_that_cannot_move_is_found_until_it_is_steady():
    build, front = settled_service(1)
    announce_events(build, front, STUCK)
    assert kinds(build) == ["service-stuck"]
    announce_events(build, front, STEADY)
    assert kinds(build) == []
    announce_events(build, front, task_unplaced("RESOURCE:ENI"))
    assert kinds(build) == ["service-stuck"]


@pytest.mark.parametrize(("maximum_percent", "expected"), [(100, ["task-not-stopped"]), (200, [])])
def test_a_service_that_waits_for_a_task_to_stop_is_found(maximum_percent, expected):
    build, service = settled_service(1, bounds=DeploymentConfiguration(maximum_percent, 0))
    [task] = build.tasks(service)
    put(build, task.arn, desired_status=DesiredStatus.STOPPED, last_status=TaskStatus.DEPROVISIONING)
    assert kinds(build) == expected
    assert all(f"waits until task {task.id} has stopped" in message for _, _, message in findings_with(build))
    put(build, task.arn, last_status=TaskStatus.STOPPED)
    assert kinds(build) == []


def test_a_name_without_endpoints_is_found_unless_intended_or_new():
    build = Builder()
    back = offer(build, "back", answered=False)
    assert [f[:2] for f in findings_with(build)] == [("warning", "nobody-answers")]
    service = build.world.services[back]
    done = replace(service.primary, rollout_state=RolloutState.COMPLETED)
    build.book.apply([Put(replace(service, deployments=(done,)))])
    assert [f[:2] for f in findings_with(build)] == [("problem", "nobody-answers")]
    build.scale(back, 0)
    assert [f[:2] for f in findings_with(build)] == [("warning", "nobody-answers")]
    (told,) = findings(build.world, {})
    cluster = service.cluster.rpartition("/")[2]
    assert f"update-service --cluster {cluster} --service back --desired-count 1" in told.remedy


def test_a_cloud_map_name_hidden_by_service_connect_is_found():
    build = Builder()
    offer(build, "back")
    by_hand(build, "back-api", attributes={CLIENT_PORT: "80"})
    assert "name-hidden" in kinds(build)
    by_hand(build, "back-api", attributes={CLIENT_PORT: "81"})
    assert "name-hidden" not in kinds(build)
    by_hand(build, "back-api", dns=DnsConfig((DnsRecord(RecordType.A, 60),)))
    assert "name-hidden" not in kinds(build), "its name has the namespace in it"


def test_mesh_diagnostics_follow_the_problems():
    build, _ = settled_service(1, offers=[])
    listed = findings_with(build, ProxyState(), ("arn", "it leads nowhere"))
    assert [f[:2] for f in listed] == [("problem", "proxy-not-connected"), ("warning", "left-out")]


def test_app_mesh_diagnostics_name_the_resource_to_change():
    build, _ = settled_service(1, offers=[])
    states = {ProxyId(t.arn): WELL for t in build.world.tasks}
    (finding,) = findings(build.world, states, of_meshes=[("arn", "nothing is sent to it")])
    assert (finding.kind, finding.subject, finding.message) == ("left-out", "arn", "nothing is sent to it")
    assert "in the mesh" in finding.remedy


class TestLoadBalancers:
    def test_a_load_balancer_that_can_t_be_made_is_a_problem(self):
        build = BalancerBuilder(Builder())
        balancer = replace(build.balancer(), state=LoadBalancerState.FAILED, state_reason="no addresses are left")
        build.build.book.apply([Put(balancer)])
        message = "its state is failed: no addresses are left"
        assert findings_with(build.build) == [("problem", "load-balancer-impaired", message)]

    def test_a_used_group_without_targets_is_a_warning(self):
        build = BalancerBuilder(Builder())
        build.group("unused")
        build.listener(build.balancer(), build.group())
        assert [(severity, kind) for severity, kind, _ in findings_with(build.build)] == [("warning", "no-targets")]

    @pytest.mark.parametrize(
        ("healths", "expected"),
        [
            ([HEALTHY, UNHEALTHY], []),
            ([INITIAL_HEALTH_CHECKING], ["warning"]),
            ([UNHEALTHY, INITIAL_HEALTH_CHECKING], ["problem"]),
        ],
    )
    def test_a_group_without_a_healthy_target_is_a_problem(self, healths, expected):
        build = BalancerBuilder(Builder())
        group = build.group()
        build.listener(build.balancer(), group)
        for number, health in enumerate(healths):
            target = build.target(group, f"172.31.0.{200 + number}")
            build.build.book.apply([Put(replace(target, health=health))])
        assert [severity for severity, _, _ in findings_with(build.build)] == expected
