"""A disk that fills up under the control plane, and has room again."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SIZE = "32m"
BLOCK = b"x" * 65536
TAG = {"key": "filling", "value": "x" * 250}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def installation(disk: Path) -> Iterator[Installation]:
    small = Small(disk / "state", "--runtime", "sim")
    small.up()
    yield small
    assert small.leave() == []


class Small(Installation):
    """An installation whose state is on a small disk, and whose log is not."""

    @property
    def log(self) -> Path:
        return self.state.parent.with_name("log")


def fill(disk: Path) -> Path:
    """Leave no room on it; the file that has taken it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (BLOCK, b"x"):
            with pytest.raises(OSError, match="No space left on device"):  # noqa: PT012 - it ends somewhere on the way
                while True:
                    file.write(block)
    return ballast


def health(at: Installation) -> tuple[int, dict[str, Any]]:
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60)) as connection:
        connection.request("GET", "/_moyai/health")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


class Clusters:
    """Clusters that are created one after the other, and which of them were acknowledged."""

    def __init__(self, at: Installation) -> None:
        self._ecs = at.client("ecs")
        self._numbers = itertools.count()
        self.acknowledged: set[str] = set()

    def create(self) -> ClientError | None:
        """Create one; why it was refused."""
        name = f"c{next(self._numbers)}"
        try:
            self._ecs.create_cluster(clusterName=name, tags=[TAG | {"key": f"{n}"} for n in range(40)])
        except ClientError as error:
            return error
        self.acknowledged.add(name)
        return None

    def until_refused(self) -> ClientError:
        while True:
            error = self.create()
            if error is not None:
                return error

    def cluster_names(self) -> set[str]:
        pages = self._ecs.get_paginator("list_clusters").paginate()
        return {arn.rpartition("/")[2] for page in pages for arn in page["clusterArns"]}


def code(error: ClientError) -> tuple[int, str]:
    return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]


def test_a_full_disk_refuses_changes_with_the_reason_and_needs_no_restart(installation, disk):
    clusters = Clusters(installation)
    assert clusters.create() is None
    ballast = fill(disk)
    for _ in range(3):
        error = clusters.until_refused()
        assert code(error) == (503, "ServiceUnavailable")
        assert f"{installation.state}/moyai.db" in str(error)
        assert "disk is full" in str(error)
        assert clusters.cluster_names() == clusters.acknowledged
    status, said = health(installation)
    assert (status, said["status"]) == (503, "unavailable")
    assert any("moyai.db" in problem and "disk is full" in problem for problem in said["problems"])
    ballast.unlink()
    eventually(lambda: health(installation) == (200, {**health(installation)[1], "status": "ok"}), "it is well again")
    assert clusters.create() is None
    assert clusters.cluster_names() == clusters.acknowledged
    installation.kill()
    installation.up()
    assert Clusters(installation).cluster_names() == clusters.acknowledged


def test_each_protocol_answers_service_unavailable_on_a_full_disk(installation, disk):
    client = installation.client
    ballast = fill(disk)
    Clusters(installation).until_refused()
    with pytest.raises(ClientError) as caught:
        client("ec2").create_vpc(CidrBlock="10.1.0.0/16")
    assert code(caught.value) == (503, "ServiceUnavailable")
    with pytest.raises(ClientError) as caught:
        client("servicediscovery").create_http_namespace(Name="one")
    assert code(caught.value) == (503, "ServiceUnavailable")
    mesh = client("appmesh")
    with pytest.raises(mesh.exceptions.ServiceUnavailableException):
        mesh.create_mesh(meshName="one")
    with closing(HTTPConnection("127.0.0.1", installation.port, timeout=60)) as connection:
        connection.request("POST", "/_moyai/reset")
        answer = connection.getresponse()
        assert (answer.status, "disk is full" in answer.read().decode()) == (503, True)
    ballast.unlink()
    eventually(lambda: health(installation)[0] == 200, "it is well again")
    installation.own("POST", "reset")


def test_log_events_and_metrics_are_accepted_again_when_the_disk_has_space(installation, disk):
    logs, metrics = installation.client("logs"), installation.client("cloudwatch")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")

    def put(message: str) -> ClientError | None:
        event = {"timestamp": int(time.time() * 1000), "message": message}
        try:
            logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
        except ClientError as error:
            return error
        return None

    def stored_messages() -> list[str]:
        return [event["message"] for event in logs.get_log_events(logGroupName="g", logStreamName="s")["events"]]

    assert put("before") is None
    ballast = fill(disk)
    acknowledged = ["before"]
    while (error := put(f"{len(acknowledged)} " + "x" * 200_000)) is None:
        acknowledged.append(f"{len(acknowledged)} ")
    assert code(error) == (503, "ServiceUnavailableException")
    for value in range(20):
        metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": value}])
    eventually(lambda: len(health(installation)[1]["problems"]) > 1, "what can't be kept is reported")
    assert [message[:2] for message in stored_messages()] == [message[:2] for message in acknowledged]
    ballast.unlink()
    eventually(lambda: health(installation)[0] == 200, "it is well again")
    assert put("after") is None
    assert stored_messages()[-1] == "after"
    assert [metric["MetricName"] for metric in metrics.list_metrics(Namespace="n")["Metrics"]] == ["m"]
