"""examples/guestbook as its deploy.sh puts it on ECS: real nginx, Python, Node.js, PostgreSQL and Redis, each from an
image with the entry point, the user and the volumes that the public one has.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import pytest

from tests.e2e.guestbook.image_layout import write_layout
from tests.e2e.guestbook.public_images import require_root
from tests.e2e.installation import GRACE, Installation
from tests.e2e.stack import Cluster
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

EXAMPLE = Path(__file__).parents[2] / "examples/guestbook"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/guestbook"
GUIDE = Path(__file__).parents[2] / "docs/guide/from-compose.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TITLE = "Our guests"
SERVICES = ("db", "cache", "api", "feed", "web")


class Guestbook:
    """The application as its visitors see it, at an address of its load balancer."""

    def __init__(self, address: str) -> None:
        self.address = address

    def sign(self, author: str, text: str) -> str:
        """Write an entry; its id."""
        entry = str(uuid.uuid4())
        status, _ = self.request("PUT", f"/api/entries/{entry}", json.dumps({"author": author, "text": text}).encode())
        assert status == 201
        return entry

    def entries(self) -> list[str]:
        """The ids of the newest entries."""
        return [entry["id"] for entry in json.loads(self.get("/api/entries"))["entries"]]

    def get(self, path: str) -> bytes:
        """The body of a page, which must be there."""
        status, body = self.request("GET", path)
        assert status == 200, (path, status, body)
        return body

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The status and the body of a response."""
        connection = HTTPConnection(self.address, 80, timeout=60)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class Visitors:
    """Visitors who sign and read, one request after the other, until they are stopped."""

    def __init__(self, guestbook: Guestbook) -> None:
        self.signed: list[str] = []
        self.failures: list[str] = []
        self._guestbook = guestbook
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(3)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, number: int) -> None:
        paths = ("/", "/api/entries", "/feed")
        visits = 0
        while not self._end.wait(0.1):
            visits += 1
            try:
                self.signed.append(self._guestbook.sign(f"visitor {number}", str(visits)))
                self._guestbook.get(paths[visits % len(paths)])
            except (AssertionError, OSError, HTTPException) as error:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {error!r}")


@pytest.fixture(scope="module")
def installation(
    make_installation: Callable[..., Installation], tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    require_root()
    installation = make_installation()
    layout = tmp_path_factory.mktemp("layout")
    write_layout(layout, {f"{REGISTRY}/{name}:1": EXAMPLE / name for name in ("web", "api", "feed")})
    installation.moyai("image", "load", str(layout), "--state", str(installation.state))
    installation.up()
    return installation


@pytest.fixture(scope="module")
def guestbook(installation: Installation) -> Guestbook:
    result = subprocess.run(
        [EXAMPLE / "deploy.sh"],
        env=installation.environment() | {"TITLE": TITLE},
        capture_output=True,
        text=True,
        check=False,
        timeout=20 * GRACE,
    )
    assert result.returncode == 0, (result.stdout, result.stderr, reasons(installation))
    interfaces = installation.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["ELB app/guestbook/*"]}]
    )["NetworkInterfaces"]
    return Guestbook(interfaces[0]["Association"]["PublicIp"])


@pytest.fixture(scope="module")
def cluster(installation: Installation, guestbook: Guestbook) -> Cluster:
    return Cluster(installation, "guestbook")


def rows(installation: Installation) -> set[str]:
    """The ids of all entries in the database; the list of the API has only the newest."""
    query = ("psql", "--username", "guestbook", "--tuples-only", "--no-align", "--command", "SELECT id FROM entries")
    return set(installation.moyai("exec", "db", "--", *query).split())


def reasons(installation: Installation) -> list[str]:
    """Why tasks have stopped, and what their containers have written."""
    ecs = installation.client("ecs")
    arns = ecs.list_tasks(cluster="guestbook", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="guestbook", tasks=arns)["tasks"] if arns else []
    logs = [installation.own("GET", f"logs?task={arn.rpartition('/')[2]}").decode()[-2000:] for arn in arns[:3]]
    return [str(task.get("stoppedReason")) for task in tasks] + logs


def test_data_written_through_the_front_outlives_the_database(guestbook, cluster):
    page = guestbook.get("/")
    assert b"<title>Guestbook</title>" in page
    entry = guestbook.sign("Ada", "hello")
    eventually(lambda: entry in guestbook.entries(), "the entry is in the list")
    feed = json.loads(guestbook.get("/feed"))
    assert [item["content_text"] for item in feed["items"]] == ["hello"]
    assert (feed["title"], feed["_reads"]) == (TITLE, 1), "the title is a parameter, and Redis counts"
    (feed_task,) = cluster.tasks("feed")
    eventually(
        lambda: any("/feed" in line for line in cluster.output_lines(feed_task["taskArn"], "log_router")),
        "the request's line is with the log router",
    )
    assert guestbook.request("PUT", "/api/uploads/picture.png", b"\x89PNG")[0] == 201
    (task,) = cluster.tasks("db")
    cluster.ecs.stop_task(cluster="guestbook", task=task["taskArn"])
    eventually(lambda: [t["taskArn"] for t in cluster.tasks("db")] not in ([], [task["taskArn"]]), "another task of db")
    cluster.steady("db")
    assert entry in guestbook.entries()
    assert guestbook.get("/api/uploads/picture.png") == b"\x89PNG"
    (picture,) = cluster.installation.state.glob("efs/*/uploads/picture.png")
    assert picture.stat().st_uid == 1000
    assert cluster.until(task["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 0


def test_the_commands_of_the_guide_from_compose_run_as_printed(installation, tmp_path):
    script = "\n".join(BLOCK.findall(GUIDE.read_text())).replace("http://127.0.0.1:4566", installation.url)
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=installation.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=20 * GRACE,
    )
    assert result.returncode == 0, (result.stdout, result.stderr)
    assert re.findall(r"^visit (\d)$", result.stdout, re.MULTILINE) == ["1", "2"]
    assert installation.client("efs").describe_file_systems(CreationToken="visits")["FileSystems"] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_rolling_deployment_of_each_service_loses_no_request(guestbook, cluster, service):
    with Visitors(guestbook) as visitors:
        eventually(lambda: len(visitors.signed) > 10, "the visitors have begun")
        cluster.update(service, forceNewDeployment=True)
        cluster.steady(service)
        cluster.quiet(service)
        signed = len(visitors.signed)
        eventually(lambda: len(visitors.signed) > signed + 10, "the visitors go on")
    assert visitors.failures == []
    assert set(visitors.signed) - rows(cluster.installation) == set()
