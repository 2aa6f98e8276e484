"""A task's log router: what it is started with, what its users are started with, and in which order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.environment import ContainerSecret
from moyai.domain.ecs.firelens import FirelensConfiguration, FirelensType
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import StopCode
from moyai.domain.ecs.task_definition import (
    ContainerDependency,
    ContainerLogConfiguration,
    DependencyCondition,
    NetworkMode,
)
from moyai.domain.sandbox.spec import LogForwarding, VolumeMount
from moyai.domain.sandbox.state import ContainerState
from moyai.domain.ssm.parameter import Parameter, ParameterType, ParameterVersion, parameter_arn
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.secret import Secret
from moyai.plan.action import StartContainer, StopContainer
from moyai.plan.task.container_spec import container_spec
from moyai.testing.instances import instance
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.tasks import case_of, down, put, step, up

PATHS = {FirelensType.FLUENTBIT: "/fluent-bit/etc/fluent-bit.conf", FirelensType.FLUENTD: "/fluentd/etc/fluent.conf"}


def log_router(kind=FirelensType.FLUENTBIT, options=None, **changes):
    return replace(container("router"), firelens_configuration=FirelensConfiguration(kind, options or {}), **changes)


def app(options=None, secrets=(), **changes):
    log = ContainerLogConfiguration("awsfirelens", options or {}, tuple(ContainerSecret(*secret) for secret in secrets))
    return replace(container("app"), log_configuration=log, **changes)


def launch(*containers, mode=None):
    build = Builder()
    definition = build.definition("web", *containers)
    if mode is not None:
        definition = replace(definition, network_mode=mode)
        build.book.apply([Put(definition)])
    task = build.run(definition)
    if mode is not None:
        put(build, task, network_mode=mode)
    return build, task


def spec(build, task, name):
    record = build.world.tasks[task]
    return container_spec(case_of(build.world, record), next(c for c in record.containers if c.name == name))


def depends(name, condition=DependencyCondition.START):
    return (ContainerDependency(name, condition),)


@pytest.mark.parametrize(
    ("containers", "order"),
    [
        ((app(), log_router()), [{"router"}, {"app"}]),
        ((app(depends_on=depends("router")), log_router()), [{"router"}, {"app"}]),
        ((app(), log_router(depends_on=depends("app"))), [{"app"}, {"router"}]),
        ((replace(log_router(), log_configuration=ContainerLogConfiguration("awsfirelens")),), [{"router"}]),
    ],
)
def test_the_router_starts_before_its_users_and_stops_after_them(containers, order):
    build, task = launch(*containers)
    running: list[ContainerState] = []
    starts = []
    for _ in range(10):
        names = {e.container.name for e in step(build, task, *running).effects if isinstance(e, StartContainer)}
        starts += [names] if names else []
        running += [up(build, name) for name in sorted(names)]
    assert starts == order
    build.stop(task)
    states, stops = {state.name: state for state in running}, []
    for _ in range(10):
        names = {e.container for e in step(build, task, *states.values()).effects if isinstance(e, StopContainer)}
        stops += [names] if names else []
        states |= {name: down(build, name) for name in names}
    assert stops == order[::-1]


@pytest.mark.parametrize(("kind", "plugin"), [(FirelensType.FLUENTBIT, "Name"), (FirelensType.FLUENTD, "@type")])
def test_the_router_has_its_configuration_and_a_directory_for_its_socket(kind, plugin):
    options = {plugin: "http", "log-driver-buffer-limit": "5"}
    build, task = launch(app(options), log_router(kind, memory=64, memory_reservation=40))
    router = spec(build, task, "router")
    assert list(router.files) == [PATHS[kind]]
    (text,) = router.files.values()
    assert "app-firelens*" in text
    assert f"ecs_task_arn {task}" in text
    assert "ecs_cluster default\n" in text
    assert "ecs_task_definition web:1\n" in text
    assert "log-driver-buffer-limit" not in text
    assert ("Mem_Buf_Limit 20MB" in text) is (kind is FirelensType.FLUENTBIT)
    assert router.volumes == (VolumeMount("/var/run", "firelens.socket", public=True),)
    assert router.environment.get("FLUENT_UID") == ("0" if kind is FirelensType.FLUENTD else None)
    assert "FLUENT_HOST" not in router.environment
    assert spec(build, task, "app").files == {}


def test_metadata_can_be_left_out_and_a_file_included():
    options = {"enable-ecs-log-metadata": "false", "config-file-type": "file", "config-file-value": "/extra.conf"}
    build, task = launch(app(), log_router(options=options))
    (text,) = spec(build, task, "router").files.values()
    assert "record_modifier" not in text
    assert "@INCLUDE /extra.conf\n" in text


@pytest.mark.parametrize(("value", "is_added"), [("True", True), ("1", True), ("FALSE", False), ("f", False)])
def test_the_option_for_metadata_is_read_as_the_ecs_agent_reads_it(value, is_added):
    build, task = launch(app(), log_router(options={"enable-ecs-log-metadata": value}))
    (text,) = spec(build, task, "router").files.values()
    assert ("record_modifier" in text) is is_added


def test_records_of_a_task_on_an_instance_name_it():
    build, task = launch(app(), log_router())
    host = instance(build)
    put(build, task, container_instance=host.arn)
    (text,) = spec(build, task, "router").files.values()
    assert f"    Record ec2_instance_id {host.ec2_instance_id}\n" in text


def test_output_is_forwarded_with_the_containers_identity():
    build, task = launch(app({"log-driver-buffer-limit": "7"}), log_router(), container("plain"))
    record = build.world.tasks[task]
    assert spec(build, task, "app").log_forwarding == LogForwarding(
        container="router",
        volume="firelens.socket",
        socket="fluent.sock",
        tag=f"app-firelens-{record.id}",
        fields={"container_id": runtime_id(record.containers[0].arn), "container_name": "/app"},
        max_events=7,
    )
    assert spec(build, task, "plain").log_forwarding is None
    assert spec(build, task, "router").log_forwarding is None


@pytest.mark.parametrize(
    ("limit", "events"), [(None, 1_048_576), ("0", 1_048_576), ("1", 1), ("536870912", 536_870_912)]
)
def test_the_number_of_waiting_events_is_limited(limit, events):
    build, task = launch(app({} if limit is None else {"log-driver-buffer-limit": limit}), log_router())
    forwarding = spec(build, task, "app").log_forwarding
    assert forwarding is not None
    assert forwarding.max_events == events


@pytest.mark.parametrize(
    ("mode", "address", "host"),
    [
        (NetworkMode.AWSVPC, None, "127.0.0.1"),
        (NetworkMode.BRIDGE, "172.17.0.2", "172.17.0.2"),
        (NetworkMode.HOST, None, None),
        (NetworkMode.NONE, None, None),
    ],
)
def test_the_routers_address_is_in_its_users_environment(mode, address, host):
    build, task = launch(app(), log_router(), container("plain"), mode=mode)
    put(build, task, bridge_address=address)
    environment = spec(build, task, "app").environment
    assert (environment.get("FLUENT_HOST"), environment.get("FLUENT_PORT")) == (host, host and "24224")
    assert "FLUENT_HOST" not in spec(build, task, "plain").environment


@pytest.mark.parametrize(
    ("kind", "plugin", "reference"),
    [
        (FirelensType.FLUENTBIT, "Name", "    apikey ${apikey_1}\n"),
        (FirelensType.FLUENTD, "@type", "    apikey \"#{ENV['apikey_1']}\"\n"),
    ],
)
def test_a_secret_option_is_a_variable_of_the_router_and_not_in_its_file(kind, plugin, reference):
    build, task = launch(
        container("first"), app({plugin: "datadog"}, [("apikey", "/key")]), log_router(kind), container("last")
    )
    version = ParameterVersion(1, Secret("s3cret"), Instant(0), "")
    parameter = Parameter(parameter_arn(SCOPE, "/key"), "/key", ParameterType.SECURE_STRING, (version,))
    build.book.apply([Put(parameter)])
    router = spec(build, task, "router")
    assert router.environment["apikey_1"] == Secret("s3cret")
    (text,) = router.files.values()
    assert reference in text
    assert "s3cret" not in text
    assert not {"apikey", "apikey_1"} & set(spec(build, task, "app").environment)


@pytest.mark.parametrize(
    ("options", "secrets", "reason"),
    [
        (
            {"region": "us-east-1"},
            (),
            "ResourceInitializationError: unable to generate firelens config file: unable to apply log options of",
        ),
        ({"Name": "http"}, [("key", "/none")], "invalid ssm parameters: /none"),
    ],
)
def test_a_task_whose_router_cannot_be_configured_stops(options, secrets, reason):
    build, task = launch(app(options, secrets), log_router())
    for _ in range(3):
        step(build, task)
    record = build.world.tasks[task]
    assert record.stop_code is StopCode.TASK_FAILED_TO_START
    assert reason in (record.stopped_reason or "")
