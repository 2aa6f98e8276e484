"""`docker push` and `docker pull` of a real Docker Engine, to and from the registry."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.attacks.docker_engine import DockerEngine, docker_engine, is_installed

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.root,
    pytest.mark.heavy,
    pytest.mark.skipif(not is_installed() and shutil.which("apt-get") is None, reason="no Docker Engine"),
]

BUILT = "attacks:1"
"""The image that the engine begins with."""


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    assert is_installed(), "run `scripts/setup.sh --docker`, as `make nightly` does"
    with docker_engine(Path(tempfile.mkdtemp(prefix="docker-", dir="/var/tmp")), is_isolated=False) as engine:
        yield engine


def image_id(engine: DockerEngine, name: str) -> str:
    return engine._docker("image", "inspect", "--format={{.Id}}", name).strip()


def test_an_image_is_pushed_and_pulled(simulation, engine):
    name, built = f"127.0.0.1:{simulation.port}/shop/front:1", image_id(engine, BUILT)
    engine._docker("tag", BUILT, name)
    assert "digest: sha256:" in engine._docker("push", name)
    ecr = simulation.client("ecr")
    (detail,) = ecr.describe_images(repositoryName="shop/front")["imageDetails"]
    assert (detail["imageTags"], detail["imageSizeInBytes"] > 0) == (["1"], True)
    again = f"127.0.0.1:{simulation.port}/shop/back:1"
    engine._docker("tag", BUILT, again)
    assert "Mounted from shop/front" in engine._docker("push", again)
    engine._docker("image", "rm", "--force", name, again, BUILT)
    engine._docker("pull", name)
    assert image_id(engine, name) == built
    engine._docker("tag", name, BUILT)


def test_a_login_and_an_immutable_tag(simulation, engine):
    registry = f"127.0.0.1:{simulation.port}"
    data = simulation.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"] == f"http://{registry}"
    engine._docker("login", "--username=AWS", "--password=x", registry)
    simulation.client("ecr").create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    name = f"{registry}/fixed:1"
    engine._docker("tag", BUILT, name)
    engine._docker("push", name)
    with pytest.raises(AssertionError, match="tag invalid: The image tag '1' already exists in the 'fixed' repository"):
        engine._docker("push", name)
    engine._docker("image", "rm", name)
    engine._docker("logout", registry)
