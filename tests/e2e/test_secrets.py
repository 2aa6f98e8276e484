"""A task gets its secrets, and no other task does."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.installation import MOYAI
from tests.e2e.sparse import written_bytes
from tests.e2e.stack import Cluster, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PASSWORD = "hush-c5b1e0"
ROLE = {"executionRoleArn": "arn:aws:iam::123456789012:role/execution"}
SPIES = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '[h]ush-'"
METADATA = "import os, urllib.request as r; print(r.urlopen(os.environ['ECS_CONTAINER_METADATA_URI_V4']).read())"


@pytest.fixture(scope="module")
def cluster(server):
    return Cluster(server, "secrets")


def put(server, *arguments: str) -> Any:
    """The value for valueFrom, as the command prints it; the value goes in by standard input."""
    run = subprocess.run(
        [*MOYAI, "secret", "put", *arguments, "--endpoint", server.url, "--json"],
        input=f"{PASSWORD}\n",
        env=server.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert PASSWORD not in run.stdout + run.stderr
    return json.loads(run.stdout)["ValueFrom"]


def secret(name: str, value_from: str) -> dict[str, str]:
    return {"name": name, "valueFrom": value_from}


def test_a_task_reads_its_secrets_and_they_are_stored_nowhere_else(server, cluster):
    managed_put, parameter = put(server, "db"), put(server, "/shop/db", "--parameter")
    told = f'python3 -c "{METADATA}"; printf %s $A | sha256sum; printf %s $B | sha256sum; exec sleep 600'
    own = shell(told, secrets=[secret("A", managed_put), secret("B", parameter)])
    spy = shell(f"{SPIES}; grep -rl '[h]ush-' {server.state} 2>/dev/null | wc -l; exec sleep 600", "spy")
    arn = cluster.run(cluster.define("reads", own, spy, **ROLE))
    cluster.until(arn, "RUNNING")
    printed = eventually(lambda: lines if len(lines := cluster.output_lines(arn)) == 3 else [])
    digest = sha256(PASSWORD.encode()).hexdigest()
    assert [line.split()[0] for line in printed[1:]] == [digest, digest]
    assert PASSWORD not in printed[0]
    assert eventually(lambda: lines if len(lines := cluster.output_lines(arn, "spy")) == 2 else []) == ["0", "0"]
    assert PASSWORD not in str(cluster.task(arn))
    assert PASSWORD not in server.log.read_text()
    assert holders(server.state) == []
    assert strays(task_id(arn)) == []
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


def test_a_task_with_a_missing_secret_fails_to_start_with_a_reason(cluster):
    task = cluster.run_to_end(cluster.define("misses", shell("true", secrets=[secret("A", "/no/such")]), **ROLE))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
    assert task["stoppedReason"].endswith("invalid ssm parameters: /no/such")
    assert "exitCode" not in task["containers"][0]


def holders(state: Path) -> list[str]:
    """Files of the state directory that hold the password and should not; only root may read those that should."""
    pins = state / "run" / "netns"
    files = (p for p in state.rglob("*") if p.is_file() and not p.is_symlink() and not p.is_relative_to(pins))
    results = [path for path in files if PASSWORD.encode() in written_bytes(path)]
    assert [path.name for path in results if path.stat().st_mode & 0o077] == []
    return [path.name for path in results if path.name != "order" and not path.name.startswith("moyai.db")]


def strays(task: str) -> list[str]:
    """Processes with the password in their arguments, or in their environment without being of the task."""
    results = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:  # it has ended
            continue
        if PASSWORD.encode() in arguments or (PASSWORD.encode() in environment and task.encode() not in environment):
            results.append(arguments.decode(errors="replace"))
    return results


ASKS = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
print(len(boto3.client("ssm").describe_parameters()["Parameters"]) > 0)
try:
    boto3.client("ssm").put_parameter(Name="x", Value="y", Type="String")
except Exception as error:
    print(error)
s3 = boto3.client("s3")
s3.create_bucket(Bucket="from-a-task")
s3.put_object(Bucket="from-a-task", Key="k", Body=bytes(3_000_000))
print(len(s3.get_object(Bucket="from-a-task", Key="k")["Body"].read()))
"""


def test_a_task_with_a_role_uses_the_roles_credentials(server, cluster):
    put(server, "/shop/db", "--parameter")
    command = {"command": ["python3", "-c", ASKS], "environment": [], "entryPoint": []}
    definition = cluster.define("asks", shell("true") | command, taskRoleArn="arn:aws:iam::123456789012:role/app/api")
    arn = cluster.run_to_end(definition)["taskArn"]
    who, reads, refused, stored = cluster.output_lines(arn)
    assert who == f"arn:aws:sts::123456789012:assumed-role/api/{task_id(arn)}"
    assert reads == "True"
    assert "AccessDenied" in refused
    assert "is not authorized to perform: ssm:PutParameter" in refused
    assert stored == "3000000"
    buckets = server.client("s3", key="123456789012").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["from-a-task"]
    assert server.client("s3", key="111122223333").list_buckets()["Buckets"] == []
