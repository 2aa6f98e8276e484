"""A task definition that names an image of a registry runs, and says why where it can't."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from moyai.images.model import Platform
from tests.container_images import ContainerImage, container_image
from tests.e2e.docker_registry import HTPASSWD, PASSWORD, docker_registry
from tests.e2e.held_relay import held_relay
from tests.e2e.stack import Cluster, processes, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

STAYS = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def machine_files(*programs: str) -> Mapping[str, bytes]:
    """Programs of this machine, with the libraries that they need, as an image has them."""
    paths = {str(Path(shutil.which(program) or program)) for program in programs}
    for path in tuple(paths):
        for word in subprocess.check_output(["ldd", path], text=True).split():
            if word.startswith("/"):
                paths.add(word)
    return {path.lstrip("/"): Path(path).read_bytes() for path in sorted(paths)}


SHELL = machine_files("sh", "sleep", "cat", "id", "ls", "stat")


def an_image(text: str, **config: Any) -> ContainerImage:
    """An image with a shell, and a file that says ``text``."""
    return container_image([SHELL, {"srv/text": text.encode()}], config=config)


@pytest.fixture(scope="module")
def cluster(server):
    return Cluster(server, "images")


@pytest.fixture
def registry(tmp_path):
    with docker_registry(tmp_path) as running:
        yield running


def reason(task: Any) -> str:
    """Why the task has stopped; its container says the same."""
    (container,) = task["containers"]
    assert container["reason"] == task["stoppedReason"]
    assert task["stopCode"] == "TaskFailedToStart"
    return str(task["stoppedReason"])


def test_a_task_runs_an_image_with_its_own_configuration(cluster, registry):
    config = {
        "Entrypoint": ["/usr/bin/sh", "-c"],
        "Cmd": ["cat text; echo $GREETING; id -u; id -g"],
        "Env": ["GREETING=hello", "PATH=/usr/bin:/bin"],
        "User": "1234:567",
        "WorkingDir": "/srv",
        "Volumes": {"/data": {}},
    }
    image = container_image([SHELL, {"srv/text": b"text\n", "made/file": b"", "data/old": b"old\n"}], config=config)
    registry.push("shop/app", "1", image)
    name = f"{registry.name}/shop/app:1"
    container = {"name": "main", "image": name, "stopTimeout": 2}
    task = cluster.run_to_end(cluster.define("configured", container))
    assert "startedAt" in task, task["stoppedReason"]
    assert task["pullStartedAt"] <= task["pullStoppedAt"] <= task["startedAt"]
    assert task["containers"][0]["imageDigest"] == image.manifest.digest
    assert cluster.output_lines(task["taskArn"]) == ["text", "hello", "1234", "567"]
    task = cluster.run_to_end(
        cluster.define("elsewhere", container | {"command": ["pwd"], "workingDirectory": "/no/such"})
    )
    assert cluster.output_lines(task["taskArn"]) == ["/no/such"]
    line = "id -u; echo new > /data/new; cat /data/*; echo no > /srv/text || echo read-only"
    overridden = container | {"user": "0", "command": [line]}
    task = cluster.run_to_end(cluster.define("overridden", overridden | {"readonlyRootFilesystem": True}))
    assert "startedAt" in task, task["stoppedReason"]
    assert [line for line in cluster.output_lines(task["taskArn"]) if "cannot create" not in line] == [
        *("0", "new", "old", "read-only")
    ]


def test_a_stopped_container_gets_the_signal_of_its_image(cluster, registry):
    registry.push("shop/quits", "1", an_image("1", StopSignal="SIGQUIT"))
    line = "trap 'echo quit; exit 7' QUIT; trap 'exit 8' TERM; echo up; while :; do sleep 0.1; done"
    arn = cluster.run(cluster.define("quits", shell(line, image=f"{registry.name}/shop/quits:1", stopTimeout=60)))
    eventually(lambda: cluster.task(arn)["lastStatus"] == "RUNNING" and cluster.output_lines(arn) == ["up"])
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    task = cluster.until(arn, "STOPPED")
    assert task["containers"][0]["exitCode"] == 7
    assert cluster.output_lines(arn) == ["up", "quit"]


def test_a_service_of_service_connect_runs_an_image_of_a_registry(cluster, registry, tmp_path):
    registry.push("shop/text", "1", an_image("from the image"))
    connected = Cluster(cluster.installation, "images-connected", "images-connected")
    definition = connected.define("text", shell("sleep 3600", image=f"{registry.name}/shop/text:1"))
    connected.serve("text", definition, count=10)
    connected.steady("text")
    *_, own_layer = an_image("from the image").blobs
    assert downloads((tmp_path / "log").read_text(), own_layer.digest) == 1


def test_the_progress_of_a_pull_is_seen_in_the_task_and_its_end_in_events_and_log(cluster, registry):
    connected = Cluster(cluster.installation, "images-progress", "images-progress")
    base = f"{registry.name}/shop/base:1"
    registry.push("shop/base", "1", container_image([SHELL]))
    cluster.run_to_end(cluster.define("base", shell("true", image=base)))  # its layer is here then
    large = {"srv/large": hashlib.shake_128(b"large").digest(3_000_000)}
    with held_relay(registry.port, 1_500_000) as relay:
        name = f"{relay.name}/shop/large:1"
        registry.push("shop/large", "1", container_image([SHELL, large]))
        connected.serve("large", connected.define("large", shell(STAYS, image=name)), count=1)
        progress = eventually(
            lambda: (now := pull_progress(connected, "large")) and now["received"] and now,
            "the task shows how far the pull is",
        )
        assert (progress["source"], progress["layers"], progress["present"]) == ("registry", 2, 1)
        assert (progress["pulled"], progress["received"] < 2_000_000 < progress["total"]) == (0, True)
        relay.release()
        connected.steady("large")
    (task,) = connected.tasks("large")
    assert pull_progress(connected, "large") is None
    assert "imageDigest" in task["containers"][0]
    (service,) = connected.ecs.describe_services(cluster=connected.name, services=["large"])["services"]
    pattern = rf"has pulled the image {name} from registry: 3\.0 MB in [0-9.]+ s, 1 of 2 layers; 1 was here already\.$"
    assert sum(bool(re.search(pattern, event["message"])) for event in service["events"]) == 1
    assert re.search(rf"pulled {name} from registry: 3\.0 MB in", connected.installation.log.read_text())
    connected.ecs.delete_service(cluster=connected.name, service="large", force=True)


def pull_progress(cluster: Cluster, service: str) -> Any:
    """How far the image of the service's task is; None if nothing is downloaded."""
    tasks = cluster.tasks(service)
    values = (a["value"] for t in tasks for a in t["attributes"] if a["name"] == "moyai.image-pull.main")
    return next((json.loads(value) for value in values), None)


def downloads(log: str, digest: str) -> int:
    """How often a registry has sent a blob."""
    answered = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return sum(
        entry.get("http.request.method") == "GET"
        and digest in entry.get("http.request.uri", "")
        and entry.get("msg") == "response completed"
        for entry in answered
    )


def test_a_name_a_tag_and_a_digest_that_do_not_exist(cluster, registry):
    registry.push("shop/app", "1", an_image("1"))
    for image in ("shop/none:1", "shop/app:2", f"shop/app@sha256:{'0' * 64}", "shop/App:1"):
        name = f"{registry.name}/{image}"
        text = reason(cluster.run_to_end(cluster.define("missing", shell("true", image=name))))
        assert text.startswith("CannotPullContainerError: ")
        assert image.partition("@")[0] in text


def test_an_image_of_another_platform(cluster, registry):
    image = container_image([{"file": b""}], Platform("linux", "s390x"))
    registry.push("shop/other", "1", image)
    text = reason(cluster.run_to_end(cluster.define("other", shell("true", image=f"{registry.name}/shop/other:1"))))
    assert text.startswith("CannotPullContainerError: ")
    assert "image Manifest does not contain descriptor matching platform 'linux/" in text
    assert "linux/s390x" in text


def test_credentials_come_from_secrets_manager(cluster, tmp_path):
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "test", "path": str(tmp_path / "htpasswd")}}
    secrets = cluster.installation.client("secretsmanager")
    with docker_registry(tmp_path, auth=auth) as registry:
        registry.push("shop/private", "1", an_image("private"), auth=("me", PASSWORD))
        secret = {"username": "me", "password": PASSWORD}
        arn = secrets.create_secret(Name="registry", SecretString=json.dumps(secret))["ARN"]
        image = f"{registry.name}/shop/private:1"

        def run(credentials: str | None) -> Any:
            more = {} if credentials is None else {"repositoryCredentials": {"credentialsParameter": credentials}}
            role = "arn:aws:iam::123456789012:role/execution"
            return cluster.run_to_end(
                cluster.define("private", shell("cat /srv/text", image=image) | more, executionRoleArn=role)
            )

        refused = reason(run(None))
        assert refused.startswith("CannotPullContainerError: ")
        assert cluster.output_lines(run(arn)["taskArn"], "main") == ["private"]
        secrets.put_secret_value(SecretId="registry", SecretString=json.dumps(secret | {"password": "wrong"}))
        registry.push("shop/private", "1", an_image("other"), auth=("me", PASSWORD))
        image = f"{registry.name}/shop/private@{an_image('other').manifest.digest}"
        wrong = reason(run(arn))
        assert wrong.startswith("CannotPullContainerError: ")
        assert "required. Run `docker login" in wrong
        assert "repositoryCredentials" in wrong
        assert "wrong" not in wrong, "the password is in the reason"
        missing = run("none")
        assert missing["stoppedReason"].startswith(
            "ResourceInitializationError: unable to pull secrets or registry auth"
        )


def test_a_service_recovers_when_its_registry_is_back(cluster, tmp_path):
    with docker_registry(tmp_path) as registry:
        registry.push("shop/app", "1", an_image("1"))
        address = registry.name
    definition = cluster.define("recovers", shell(STAYS, image=f"{address}/shop/app:1"))
    cluster.serve("recovers", definition, connect=False)
    eventually(lambda: any("CannotPullContainerError" in e["message"] for e in cluster.service("recovers")["events"]))
    with docker_registry(tmp_path, http={"addr": address}):
        cluster.steady("recovers")


def test_a_stopped_task_ends_its_pull(cluster, tmp_path):
    large = {"large": hashlib.shake_128(b"large").digest(30_000_000)}
    with docker_registry(tmp_path) as registry:
        registry.push("shop/large", "1", container_image([SHELL, large]))
        arn = cluster.run(cluster.define("stopped", shell(STAYS, image=f"{registry.name}/shop/large:1")))
        cluster.ecs.stop_task(cluster=cluster.name, task=arn)
        task = cluster.until(arn, "STOPPED")
        assert task["stopCode"] == "UserInitiated"
    images = cluster.installation.state / "images"
    eventually(lambda: not list((images / "leases").iterdir()))


@pytest.mark.heavy
def test_a_pull_is_made_again_after_the_control_plane_was_killed(make_installation, tmp_path):
    """And what is complete by then is not downloaded again."""
    installation = make_installation()
    installation.up()
    killed = Cluster(installation, "killed")
    large = [{f"large{n}": hashlib.shake_128(bytes([n])).digest(20_000_000)} for n in range(3)]
    with docker_registry(tmp_path) as registry:
        registry.push("shop/large", "1", container_image([SHELL, *large]))
        arn = killed.run(killed.define("killed", shell(STAYS, image=f"{registry.name}/shop/large:1")))
        layers = installation.state / "images/layers/sha256"
        eventually(lambda: layers.is_dir() and list(layers.iterdir()))
        installation.kill()
        installation.up()
        task = killed.until(arn, "RUNNING")
        assert task["containers"][0]["imageDigest"].startswith("sha256:")
    assert not list((installation.state / "images/leases").iterdir())


def test_a_task_of_an_image_survives_the_control_plane(make_installation, tmp_path):
    """In its user namespace: it is found again, entered, heard and stopped."""
    installation = make_installation()
    installation.up()
    cluster = Cluster(installation, "survives")
    line = "trap 'echo stopped; exit 7' TERM; n=0; while :; do n=$((n + 1)); echo line $n; sleep 0.2; done"
    with docker_registry(tmp_path) as registry:
        registry.push("shop/app", "1", an_image("1"))
        definition = cluster.define("survives", shell(line, image=f"{registry.name}/shop/app:1", stopTimeout=60))
        arn = cluster.run(definition)
        cluster.until(arn, "RUNNING")
    eventually(lambda: cluster.output_lines(arn))
    process = min(processes(arn, "trap"))  # a child looks alike until it executes another program
    installation.kill()
    before = Path(f"/proc/{process}/ns/user").stat().st_ino
    assert before != Path("/proc/self/ns/user").stat().st_ino
    installation.up()
    count = len(cluster.output_lines(arn))
    eventually(lambda: len(cluster.output_lines(arn)) > count + 3, "its output goes on")
    assert cluster.task(arn)["lastStatus"] == "RUNNING"
    assert min(processes(arn, "trap")) == process
    entered = installation.moyai("exec", "-T", task_id(arn), "--", "sh", "-c", "id -u; cat /proc/self/uid_map")
    first, *id_map = entered.split()
    assert (first, id_map[0], id_map[2]) == ("0", "0", "65536")
    assert id_map[1] != "0"
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    task = cluster.until(arn, "STOPPED")
    assert task["containers"][0]["exitCode"] == 7
    assert cluster.output_lines(arn)[-1] == "stopped"
