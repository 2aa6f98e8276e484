"""Tasks run images that were pushed to moyai, by the name of the push and by AWS's name."""

from __future__ import annotations

import pytest

from tests.container_images import ContainerImage
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, shell
from tests.e2e.test_ecr import push_layer, registry_client
from tests.e2e.test_images import an_image, reason

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ROLE = {"executionRoleArn": "arn:aws:iam::123456789012:role/execution"}  # Fargate requires it for images of ECR
AWS_REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def cluster(server):
    return Cluster(server, "ecr")


def push(server: Installation, repository: str, tag: str, image: ContainerImage) -> None:
    with registry_client(server) as client:
        for blob in image.blobs:
            push_layer(client, repository, blob.data).raise_for_status()
        client.put(f"/v2/{repository}/manifests/{tag}", content=image.manifest.data).raise_for_status()


def output_of(cluster: Cluster, name: str, image: str) -> list[str]:
    """The output of a task with this image."""
    task = cluster.run_to_end(cluster.define(name, shell("cat /srv/text", image=image), **ROLE))
    assert "startedAt" in task, task["stoppedReason"]
    return list(cluster.output_lines(task["taskArn"]))


def test_a_task_runs_an_image_that_was_pushed(cluster, server):
    image = an_image("pushed")
    push(server, "shop/app", "1", image)
    digest = image.manifest.digest
    for number, name in enumerate((f"127.0.0.1:{server.port}/shop/app:1", f"{AWS_REGISTRY}/shop/app@{digest}")):
        assert output_of(cluster, f"pushed-{number}", name) == ["pushed"]
    push(server, "shop/app", "1", an_image("pushed again"))
    assert output_of(cluster, "again", f"{AWS_REGISTRY}/shop/app:1") == ["pushed again"]


def test_an_image_that_was_not_pushed(cluster, server):
    push(server, "shop/other", "1", an_image("other"))
    task = cluster.run_to_end(cluster.define("absent", shell("true", image=f"{AWS_REGISTRY}/shop/other:2"), **ROLE))
    stopped = reason(task)
    assert stopped.startswith("CannotPullContainerError: ")
    assert "not found in moyai's ECR" in stopped
