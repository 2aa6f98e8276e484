"""Settings of a task definition for the whole task, by the API."""

from __future__ import annotations

from functools import partial

import pytest

from tests.e2e.stack import HOST, Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


def test_containers_of_a_fargate_task_share_their_processes(server):
    cluster = Cluster(server, "modes")
    web = shell("exec sleep 5151", "web")
    look = "echo $$; until ps -eo args | grep -qx 'sleep 5151'; do sleep 0.1; done; ps -eo args"
    side = shell(look, "side", essential=False, dependsOn=[{"containerName": "web", "condition": "START"}])
    arn = cluster.run(cluster.define("modes", web, side, pidMode="task"))
    eventually(
        lambda: "ps -eo args" in cluster.output_lines(arn, "side"), "the side container has found the other's process"
    )
    output_lines = cluster.output_lines(arn, "side")
    assert output_lines[0] != "1"
    assert {"/pause", "sleep 5151"} <= set(output_lines)
    eventually(lambda: _containers(cluster, arn)["side"]["lastStatus"] == "STOPPED", "the side container has ended")
    containers = _containers(cluster, arn)
    assert (containers["side"]["exitCode"], containers["web"]["lastStatus"]) == (0, "RUNNING")
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    stopped = {c["name"]: c["exitCode"] for c in cluster.until(arn, "STOPPED")["containers"]}
    assert stopped == {"web": 143, "side": 0}


def test_a_fargate_task_writes_to_a_disk_of_its_own_size(server):
    cluster = Cluster(server, "modes")
    full = "df -BG --output=size / | tail -1; fallocate -l 30G /srv/big 2>&1 | grep -o 'No space left on device'"
    definition = cluster.define("disk", shell(full), ephemeralStorage={"sizeInGiB": 22})
    for overrides, size in (({}, 22), ({"ephemeralStorage": {"sizeInGiB": 25}}, 25)):
        task = cluster.run_to_end(definition, overrides=overrides)
        assert task["ephemeralStorage"] == {"sizeInGiB": size}
        assert [line.strip() for line in cluster.output_lines(task["taskArn"])] == [
            f"{size}G",
            "No space left on device",
        ]


def test_all_tasks_of_a_revision_run_the_same_image_digest(server, tmp_path):
    cluster = Cluster(server, "modes")
    import_image = partial(_import, server, tmp_path, "modes/web:1")
    import_image("first")
    line = "cat /srv/version; exec sleep 1000"
    cluster.serve("pinned", cluster.define("pinned", shell(line, image="modes/web:1")), connect=False)
    cluster.steady("pinned")
    [first] = cluster.tasks("pinned")
    digest = first["containers"][0]["imageDigest"]
    import_image("second")
    cluster.update("pinned", desiredCount=2)
    cluster.steady("pinned")
    assert [task["containers"][0]["imageDigest"] for task in cluster.tasks("pinned")] == [digest] * 2
    assert _outputs(cluster, cluster.tasks("pinned")) == [["first"]] * 2
    assert _revision(cluster, "pinned") == [{"containerName": "main", "image": "modes/web:1", "imageDigest": digest}]
    cluster.update("pinned", forceNewDeployment=True)
    cluster.steady("pinned")
    tasks = cluster.tasks("pinned")
    assert _outputs(cluster, tasks) == [["second"]] * 2
    [image] = _revision(cluster, "pinned")
    assert image["imageDigest"] == tasks[0]["containers"][0]["imageDigest"] != digest
    by_digest = cluster.run_to_end(cluster.define("digest", shell("cat /srv/version", image=f"modes/web@{digest}")))
    assert cluster.output_lines(by_digest["taskArn"]) == ["first"]


def test_moyai_logs_merges_a_services_output(server):
    cluster = Cluster(server, "modes")
    line = "echo begin; sleep 0.2; echo end; exec sleep 1000"
    definition = cluster.define("talk", shell(line, "left"), shell(line, "right"))
    cluster.serve("talk", definition, connect=False, count=2)
    cluster.steady("talk")

    def merged_output():
        lines = server.moyai("logs", "talk", "--endpoint", server.url).splitlines()
        return [(line.split()[0], line.split()[2], line.split()[1]) for line in lines if " " in line]

    merged = eventually(
        lambda: lines if len(lines := merged_output()) == 8 else None, "all four containers have spoken"
    )
    assert merged is not None
    ids = {task["taskArn"].rpartition("/")[2][:8] for task in cluster.tasks("talk")}
    labels = {f"{task}/{name}" for task in ids for name in ("left", "right")}
    assert {(label, text) for label, text, _ in merged} == {
        (label, text) for label in labels for text in ("begin", "end")
    }
    assert [at for *_, at in merged] == sorted(at for *_, at in merged)
    only = server.moyai("logs", "talk", "--container", "left", "--endpoint", server.url)
    assert {line.split()[0] for line in only.splitlines()} == {f"{task}/left" for task in ids}


def _import(server, folder, name, version):
    place = folder / version / "srv"
    place.mkdir(parents=True)
    (place / "version").write_text(f"{version}\n")
    server.moyai("image", "import", name, str(place.parent), "--base", HOST, "--state", str(server.state))


def _outputs(cluster, tasks):
    """The output of each task, once it has written something: one without ports counts before that."""
    return [eventually(partial(cluster.output_lines, task["taskArn"]), "the task has written") for task in tasks]


def _revision(cluster, service):
    [deployment] = cluster.service(service)["deployments"]
    arns = cluster.ecs.list_service_deployments(cluster=cluster.name, service=service)["serviceDeployments"]
    newest = max(arns, key=lambda made: made["createdAt"])["targetServiceRevisionArn"]
    [revision] = cluster.ecs.describe_service_revisions(serviceRevisionArns=[newest])["serviceRevisions"]
    assert revision["taskDefinition"] == deployment["taskDefinition"]
    return revision["containerImages"]


def _containers(cluster, arn):
    return {c["name"]: c for c in cluster.task(arn)["containers"]}
