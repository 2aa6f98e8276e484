"""`docker push` and `docker pull` of a real Docker Engine, to and from the registry."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.docker_engine import DockerEngine, docker_engine, is_installed

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.root,
    pytest.mark.heavy,
    pytest.mark.skipif(not is_installed() and shutil.which("apt-get") is None, reason="no Docker Engine"),
]

BUILT = "built:1"
"""An image that the engine has."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    assert is_installed(), "run `scripts/setup.sh --docker`, as `make nightly` does"
    root = tmp_path_factory.mktemp("built")
    (root / "file").write_bytes(bytes(100_000))
    with docker_engine(Path(tempfile.mkdtemp(prefix="docker-", dir="/var/tmp")), is_isolated=False) as engine:
        engine.import_root(root, BUILT)
        yield engine


def test_an_image_is_pushed_and_pulled(simulation, engine):
    name, built = f"127.0.0.1:{simulation.port}/shop/front:1", engine.image_id(BUILT)
    engine.run("tag", BUILT, name)
    assert "digest: sha256:" in engine.run("push", name)
    ecr = simulation.client("ecr")
    (detail,) = ecr.describe_images(repositoryName="shop/front")["imageDetails"]
    assert (detail["imageTags"], detail["imageSizeInBytes"] > 0) == (["1"], True)
    again = f"127.0.0.1:{simulation.port}/shop/back:1"
    engine.run("tag", BUILT, again)
    assert "Mounted from shop/front" in engine.run("push", again)
    engine.run("image", "rm", "--force", name, again, BUILT)
    engine.run("pull", name)
    assert engine.image_id(name) == built
    engine.run("tag", name, BUILT)


def test_a_login_and_an_immutable_tag(simulation, engine):
    registry = f"127.0.0.1:{simulation.port}"
    data = simulation.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"] == f"http://{registry}"
    engine.run("login", "--username=AWS", "--password=x", registry)
    simulation.client("ecr").create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    name = f"{registry}/fixed:1"
    engine.run("tag", BUILT, name)
    engine.run("push", name)
    with pytest.raises(AssertionError, match="tag invalid: The image tag '1' already exists in the 'fixed' repository"):
        engine.run("push", name)
    engine.run("image", "rm", name)
    engine.run("logout", registry)
