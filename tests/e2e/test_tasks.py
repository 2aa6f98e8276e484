"""A task gets what its definition asks for: order, health, limits, and an end that says why."""

from __future__ import annotations

import json
import resource
from typing import Any

import pytest

from tests.e2e.stack import Cluster, processes, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

STAYS = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


@pytest.fixture(scope="module")
def cluster(server):
    return Cluster(server, "tasks")


def container(task: Any, name: str = "main") -> Any:
    (found,) = [c for c in task["containers"] if c["name"] == name]
    return found


def after(name, condition):
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


# ------------------------------------------------------------------------------------------------------ how it starts


def test_containers_start_in_the_order_of_their_dependencies(cluster):
    definition = cluster.define(
        "ordered",
        shell("date +%s.%N; sleep 0.5; date +%s.%N", "first", essential=False),
        shell("date +%s.%N; sleep 0.5; date +%s.%N; exit 3", "second", essential=False, **after("first", "SUCCESS")),
        shell(f"date +%s.%N; {STAYS}", "third", essential=False, **after("second", "COMPLETE")),
        shell("date +%s.%N", "main", **after("third", "START")),
    )
    task = cluster.run_to_end(definition)
    times = [
        float(line)
        for name in ("first", "second", "third", "main")
        for line in cluster.output_lines(task["taskArn"], name)
    ]
    assert times == sorted(times)
    assert len(times) == 6
    assert container(task, "second")["exitCode"] == 3
    assert container(task)["exitCode"] == 0


def test_a_container_waits_for_another_to_be_healthy(cluster):
    check = {"command": ["CMD-SHELL", "test -e /healthy"], "interval": 5, "timeout": 60, "retries": 10}
    definition = cluster.define(
        "healthy",
        shell(f"sleep 1; touch /healthy; {STAYS}", "first", healthCheck=check),
        shell(STAYS, "main", **after("first", "HEALTHY")),
    )
    arn = cluster.run(definition)
    task = cluster.until(arn, "RUNNING")
    assert container(task, "first")["healthStatus"] == "HEALTHY"
    assert container(task)["healthStatus"] == "UNKNOWN"
    assert task["healthStatus"] == "HEALTHY"
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


def test_a_failing_health_check_makes_the_task_unhealthy_and_lets_it_run(cluster):
    check = {"command": ["CMD", "false"], "interval": 5, "timeout": 2, "retries": 1}
    arn = cluster.run(cluster.define("sick", shell(STAYS, healthCheck=check)))
    task = eventually(lambda: found if (found := cluster.task(arn))["healthStatus"] == "UNHEALTHY" else {})
    assert task["lastStatus"] == "RUNNING"
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


def test_a_dependency_that_fails_stops_the_task(cluster):
    definition = cluster.define(
        "hopeless", shell("exit 1", "first", essential=False), shell("true", "main", **after("first", "SUCCESS"))
    )
    task = cluster.run_to_end(definition)
    assert task["stopCode"] == "TaskFailedToStart"
    assert container(task, "first")["exitCode"] == 1
    assert "exitCode" not in container(task)


# -------------------------------------------------------------------------------------------------------- how it ends


def test_an_essential_container_that_ends_stops_the_task(cluster):
    ready = {"command": ["CMD-SHELL", "test -e /srv/up"], "startPeriod": 60}
    other = shell(STAYS.replace("while", "touch /srv/up; while", 1), "other", healthCheck=ready, stopTimeout=60)
    after = [{"containerName": "other", "condition": "HEALTHY"}]  # before its trap is set, process 1 hears no SIGTERM
    task = cluster.run_to_end(cluster.define("exits", shell("exit 7", dependsOn=after), other))
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert container(task)["exitCode"] == 7
    assert container(task, "other")["exitCode"] == 0
    assert task["desiredStatus"] == "STOPPED"
    assert task["createdAt"] <= task["startedAt"] <= task["stoppingAt"] <= task["stoppedAt"]


def test_a_container_that_is_not_essential_may_end(cluster):
    main = shell(STAYS.replace("while", "echo up; while", 1), stopTimeout=60)
    arn = cluster.run(cluster.define("helper", shell("exit 4", "other", essential=False), main))
    eventually(lambda: cluster.output_lines(arn) == ["up"], "its trap is set")
    task = eventually(lambda: found if container(found := cluster.task(arn), "other").get("exitCode") == 4 else {})
    assert task["lastStatus"] == "RUNNING"
    stopped = cluster.ecs.stop_task(cluster=cluster.name, task=arn, reason="enough")["task"]
    assert (stopped["desiredStatus"], stopped["stopCode"], stopped["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "enough",
    )
    assert container(cluster.until(arn, "STOPPED"))["exitCode"] == 0


def test_a_container_that_ignores_sigterm_is_killed_with_its_children(cluster):
    line = "trap '' TERM; setsid sh -c \"trap '' TERM; while :; do sleep 0.2; done\" & while :; do sleep 0.2; done"
    arn = cluster.run(cluster.define("stubborn", shell(line, stopTimeout=2)))
    cluster.until(arn, "RUNNING")
    eventually(lambda: len(list(processes(arn, "trap"))) >= 2, "parent and grandchild run")
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    task = cluster.until(arn, "STOPPED")
    assert container(task)["exitCode"] == 137
    assert task["stoppedReason"] == "Task stopped by user"
    assert list(processes(arn, "")) == []


def test_a_container_over_its_memory_limit_is_killed_with_a_reason(cluster):
    line = 'exec python3 -c "x = bytearray(256 << 20)"'
    task = cluster.run_to_end(cluster.define("hungry", shell(line, memory=64)))
    assert container(task)["exitCode"] == 137
    assert container(task)["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_a_missing_image_is_a_pull_error_with_a_remedy(cluster):
    task = cluster.run_to_end(cluster.define("unknown-image", shell("true", image="moyai.local/nothing:1")))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "moyai image import" in task["stoppedReason"]
    assert container(task)["reason"].startswith("CannotPullContainerError: ")
    assert "startedAt" not in task


def test_a_missing_command_is_a_start_error(cluster):
    definition = cluster.define("no-command", {"name": "main", "image": "moyai.local/host", "command": ["no-such"]})
    task = cluster.run_to_end(definition)
    assert task["stopCode"] == "TaskFailedToStart"
    assert container(task)["reason"].startswith("CannotStartContainerError: ")
    assert "no-such" in container(task)["reason"]


def test_everything_a_container_wrote_can_be_read_after_its_end(cluster):
    definition = cluster.define(
        "speaks",
        shell("echo from the other; echo and its error >&2", "other", essential=False),
        shell("sleep 0.3; echo bye"),
    )
    task = cluster.run_to_end(definition)
    assert cluster.output_lines(task["taskArn"]) == ["bye"]
    assert sorted(cluster.output_lines(task["taskArn"], "other")) == ["and its error", "from the other"]
    printed = cluster.installation.moyai("logs", task["taskArn"], "--container", "main")
    assert printed.split(maxsplit=1)[1] == "bye\n"


# ------------------------------------------------------------------------------------------------------- what it gets


def output(cluster, family, line, **more):
    task = cluster.run_to_end(cluster.define(family, shell(line, **more)))
    printed = cluster.output_lines(task["taskArn"])
    assert container(task).get("exitCode") == 0, (printed, task)
    return printed


def test_a_container_has_its_user_directory_environment_and_limits(cluster):
    printed = output(
        cluster,
        "shaped",
        "id -u; id -g; pwd; echo $COLOUR; ulimit -n",
        user="1234:2345",
        workingDirectory="/usr/share",
        environment=[{"name": "COLOUR", "value": "vermilion"}],
        ulimits=[{"name": "nofile", "softLimit": 321, "hardLimit": 654}],
    )
    assert printed == ["1234", "2345", "/usr/share", "vermilion", "321"]


def test_a_container_on_fargate_has_aws_limit_of_open_files(cluster):
    hard = resource.prlimit(cluster.installation.process.pid, resource.RLIMIT_NOFILE)[1]
    most = 65535 if hard == resource.RLIM_INFINITY else min(65535, hard)
    assert output(cluster, "files", "ulimit -Sn; ulimit -Hn") == [str(most)] * 2


def test_run_task_overrides_command_and_environment(cluster):
    definition = cluster.define("overridden", shell("exit 1", environment=[{"name": "A", "value": "1"}]))
    override = {"name": "main", "command": ["sh", "-c", "echo $A $B"], "environment": [{"name": "B", "value": "2"}]}
    task = cluster.run_to_end(definition, overrides={"containerOverrides": [override]})
    assert cluster.output_lines(task["taskArn"]) == ["1 2"]


def test_a_root_file_system_can_be_read_only_and_otherwise_is_the_containers_own(cluster):
    assert output(cluster, "read-only", "touch /x 2>&1 || true", readonlyRootFilesystem=True)[0].endswith(
        "Read-only file system"
    )
    printed = output(cluster, "writable", "touch /moyai-was-here && ls /moyai-was-here")
    assert printed == ["/moyai-was-here"]
    assert output(cluster, "writable-again", "ls /moyai-was-here 2>/dev/null || echo gone") == ["gone"]


def test_a_container_has_few_capabilities_and_gets_no_more(cluster):
    printed = output(
        cluster,
        "confined",
        "grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status | cut -f 2; mount -t tmpfs x /mnt 2>&1 | head -n 1",
    )
    effective, bounding, no_new_privileges, mounting = printed
    assert int(effective, 16) == int(bounding, 16)
    assert int(effective, 16) & (1 << 21) == 0  # CAP_SYS_ADMIN
    assert no_new_privileges == "1"
    assert "permission denied" in mounting.lower()


def test_neither_the_state_nor_other_processes_are_seen_from_inside(cluster, server):
    printed = output(
        cluster,
        "blind",
        f"ls -A {server.state} 2>/dev/null; ls -A /run; ls /proc | grep -E '^[0-9]+$' | wc -l; cat /proc/1/comm",
    )
    assert len(printed) == 2, printed
    assert int(printed[0]) < 8
    assert printed[1] == "sh"


def test_a_task_has_a_network_of_its_own(cluster):
    printed = output(cluster, "alone", "ls /sys/class/net; hostname")
    assert printed[:2] == ["eth0", "lo"]
    assert printed[2].startswith("ip-172-31-")


# ----------------------------------------------------------------------------------------------------------- metadata

ASK = """\
import os, sys, urllib.request
address = os.environ['ECS_CONTAINER_METADATA_URI_V4'] + sys.argv[1]
print(urllib.request.urlopen(address, timeout=60).read().decode())
"""


def test_a_task_reads_its_own_metadata(cluster):
    line = f'for path in "" /task /stats /task/stats; do python3 -c "{ASK}" "$path"; done'
    definition = cluster.define("curious", shell(line), shell(STAYS, "other", essential=False))
    task = cluster.run_to_end(definition)
    printed = cluster.output_lines(task["taskArn"])
    assert container(task)["exitCode"] == 0, printed
    own, whole, stats, all_stats = [json.loads(text) for text in printed]
    assert own["Name"] == "main"
    assert own["Labels"]["com.amazonaws.ecs.task-arn"] == task["taskArn"]
    assert own["Networks"][0]["NetworkMode"] == "awsvpc"
    assert whole["TaskARN"] == task["taskArn"]
    assert (whole["Family"], whole["LaunchType"]) == ("curious", "FARGATE")
    assert {c["Name"] for c in whole["Containers"]} == {"main", "other"}
    assert whole["Limits"] == {"CPU": 1, "Memory": 2048}
    assert stats["memory_stats"]["usage"] > 0
    assert own["DockerId"] in all_stats


def test_a_task_cannot_read_another_tasks_metadata(cluster):
    victim = cluster.until(cluster.run(cluster.define("victim", shell(STAYS))), "RUNNING")
    identity = container(victim)["runtimeId"]
    line = (
        'python3 -c "import urllib.request; '
        f"print(urllib.request.urlopen('http://169.254.170.2/v4/{identity}/task', timeout=60).status)\" 2>&1 "
        "| tail -n 1"
    )
    (printed,) = output(cluster, "spy", line)
    assert "HTTP Error 4" in printed
    cluster.ecs.stop_task(cluster=cluster.name, task=victim["taskArn"])
