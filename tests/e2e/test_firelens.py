"""FireLens through the public API: what containers write reaches the log router of their task, whole and in order.

The router is a forward receiver of the tests', and Fluent Bit and Fluentd themselves where the machine has them.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from moyai.cli.demo.machine_files import copy_program
from tests.e2e.installation import Installation
from tests.e2e.small_image import make_root
from tests.e2e.stack import APPS, Cluster, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

RECORD = re.compile(r'\{".*\}$')
ROLE = "arn:aws:iam::123456789012:role/execution"
CONFIG = "/fluent-bit/etc/fluent-bit.conf"
COUNTS = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); [ $((i % 100)) -eq 0 ] && sleep 0.2; done; sleep 600"


@pytest.fixture(scope="module")
def cluster(installation: Installation) -> Cluster:
    return Cluster(installation, "routed")


def routed_app(
    line: str, name: str = "app", secrets: tuple[dict[str, str], ...] = (), **options: str
) -> dict[str, Any]:
    """A container whose output goes to the router."""
    log = {"logDriver": "awsfirelens", "options": options, "secretOptions": list(secrets)}
    return shell(line, name, logConfiguration=log)


def receiver(**more: Any) -> dict[str, Any]:
    """The router of the tests, which prints each record that it gets."""
    command = ["python3", "/srv/tests/e2e/apps/router.py", CONFIG]
    return {
        "name": "router",
        "image": APPS,
        "command": command,
        "stopTimeout": 60,
        "firelensConfiguration": {"type": "fluentbit"},
    } | more


def records(cluster: Cluster, task: str, container: str = "router") -> list[dict[str, Any]]:
    """The records that the router has printed; Fluentd prints time and tag before each."""
    printed = (RECORD.search(line) for line in cluster.output_lines(task, container))
    return [json.loads(match[0]) for match in printed if match is not None]


def lines_of(cluster: Cluster, task: str, app: str = "app") -> list[str]:
    return [str(record["log"]) for record in records(cluster, task) if record["container_name"] == f"/{app}"]


def test_each_line_reaches_the_router_once_though_the_control_plane_is_killed(installation, cluster):
    definition = cluster.define("counts", routed_app(COUNTS), receiver(), executionRoleArn=ROLE)
    task = cluster.run(definition)
    for _ in range(2):
        eventually(lambda: lines_of(cluster, task), "lines come")
        installation.kill()
        installation.up()
    eventually(lambda: len(lines_of(cluster, task)) >= 3000, "all lines are there")
    assert lines_of(cluster, task) == [f"line {n}" for n in range(3000)]
    record = records(cluster, task)[0]
    assert {name: value for name, value in record.items() if name not in {"time", "container_id"}} == {
        "tag": f"app-firelens-{task_id(task)}",
        "container_name": "/app",
        "source": "stdout",
        "log": "line 0",
        "ecs_cluster": "routed",
        "ecs_task_arn": task,
        "ecs_task_definition": "counts:1",
    }
    assert record["container_id"] == next(
        c["runtimeId"] for c in cluster.task(task)["containers"] if c["name"] == "app"
    )
    cluster.ecs.stop_task(cluster=cluster.name, task=task)


def test_the_last_lines_of_a_stopping_application_reach_its_router(cluster):
    line = "trap 'echo goodbye; exit 0' TERM; echo hello; while :; do sleep 0.1; done"
    app = routed_app(line) | {"stopTimeout": 60}
    task = cluster.run(cluster.define("goodbye", app, receiver(), executionRoleArn=ROLE))
    eventually(lambda: lines_of(cluster, task) == ["hello"], "the application runs")
    cluster.ecs.stop_task(cluster=cluster.name, task=task)
    cluster.until(task, "STOPPED")
    assert lines_of(cluster, task) == ["hello", "goodbye"]


def test_an_application_finds_the_routers_port(cluster):
    send = (
        "import os, socket; s = socket.create_connection((os.environ['FLUENT_HOST'], int(os.environ['FLUENT_PORT'])));"
        " s.sendall(bytes([0x93, 0xa1]) + b't' + bytes([0, 0x81, 0xa3]) + b'log' + bytes([0xa3]) + b'own')"
    )
    line = f'until python3 -c "{send}"; do sleep 0.2; done; sleep 600'
    task = cluster.run(cluster.define("own", routed_app(line), receiver(), executionRoleArn=ROLE))
    eventually(lambda: any(record["log"] == "own" for record in records(cluster, task)), "the record is there")
    cluster.ecs.stop_task(cluster=cluster.name, task=task)


def test_a_router_that_cannot_be_configured_stops_the_task_with_the_reason(cluster):
    task = cluster.run_to_end(cluster.define("unnamed", routed_app("sleep 600", region="eu-west-1"), receiver()))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "container app to firelens config: missing output key Name which is required" in task["stoppedReason"]


# ------------------------------------------------------------------------------------------- the programs themselves


def program(name: str) -> Path:
    """A program of this machine; the test is skipped where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed on this machine")
    return Path(path)


@pytest.fixture
def fluent_bit_router(installation, tmp_path):
    """A container with Fluent Bit, from an image of its own."""
    path, root = program("fluent-bit"), tmp_path / "root"
    root.mkdir()
    make_root(root)
    copy_program(root, path, "fluent-bit/bin/fluent-bit")
    installation.moyai("image", "import", "example/fluent-bit:1", str(root), "--state", str(installation.state))
    return {
        "name": "router",
        "image": "example/fluent-bit:1",
        "command": ["/fluent-bit/bin/fluent-bit", "-q", "-c", CONFIG],
        "stopTimeout": 10,
        "firelensConfiguration": {"type": "fluentbit"},
    }


@pytest.fixture
def fluentd_router():
    """A container with Fluentd, which is a program of the machine's Ruby."""
    command = f"exec {program('fluentd')} -q -c /fluentd/etc/fluent.conf"
    return shell(command, "router", stopTimeout=10, firelensConfiguration={"type": "fluentd"})


def test_fluent_bit_filters_records_and_adds_the_tasks_fields(installation, cluster, fluent_bit_router):
    installation.client("ssm").put_parameter(Name="/router/format", Value="json_lines", Type="SecureString")
    secret = {"name": "Format", "valueFrom": "/router/format"}
    line = "echo keep this; echo drop; echo keep that; echo keep no noise >&2; exec sleep 600"
    options = {"Name": "stdout", "include-pattern": "^keep", "exclude-pattern": "noise"}
    app = routed_app(line, "app", (secret,), **options)
    other = routed_app("echo other; exec sleep 600", "other", Name="null")
    task = cluster.run(cluster.define("fluent-bit", app, other, fluent_bit_router, executionRoleArn=ROLE))
    eventually(lambda: len(records(cluster, task)) == 2, "the records are there")
    first, second = records(cluster, task)
    assert (first["log"], second["log"]) == ("keep this", "keep that")
    assert first["date"] <= second["date"]
    common = {"source": "stdout", "container_name": "/app", "ecs_task_arn": task, "ecs_task_definition": "fluent-bit:1"}
    assert first.items() >= common.items()
    cluster.ecs.stop_task(cluster=cluster.name, task=task)
    cluster.until(task, "STOPPED")


def test_fluent_bit_gets_all_lines_of_a_busy_application(cluster, fluent_bit_router):
    app = routed_app(COUNTS, "app", Name="stdout", Format="json_lines")
    task = cluster.run(cluster.define("busy", app, fluent_bit_router, executionRoleArn=ROLE))
    eventually(lambda: len(records(cluster, task)) >= 3000, "all lines are there")
    assert lines_of(cluster, task) == [f"line {n}" for n in range(3000)]
    cluster.ecs.stop_task(cluster=cluster.name, task=task)


def test_fluentd_filters_records_and_adds_the_tasks_fields(installation, cluster, fluentd_router):
    installation.client("ssm").put_parameter(Name="/router/type", Value="json", Type="SecureString")
    secret = {"name": "output_type", "valueFrom": "/router/type"}
    line = "echo keep this; echo drop; echo keep that; echo keep no noise >&2; exec sleep 600"
    options = {"@type": "stdout", "include-pattern": "^keep", "exclude-pattern": "noise"}
    app, other = routed_app(line, "app", (secret,), **options), routed_app("echo other; exec sleep 600", "other")
    task = cluster.run(cluster.define("fluentd", app, other, fluentd_router, executionRoleArn=ROLE))
    eventually(lambda: len(records(cluster, task)) == 2, "the records are there")
    first, second = records(cluster, task)
    assert (first["log"], second["log"]) == ("keep this", "keep that")
    common = {"source": "stdout", "container_name": "/app", "ecs_task_arn": task, "ecs_task_definition": "fluentd:1"}
    assert first.items() >= common.items()
    cluster.ecs.stop_task(cluster=cluster.name, task=task)
