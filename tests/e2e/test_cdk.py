"""Applications that AWS's CDK deploys, with nothing but the endpoint: a small one with every kind of asset, whose image
Docker builds and pushes to moyai's ECR, and the one of examples/shop.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from moyai.cli.demo.shop import IMPORTED_IMAGE
from tests.e2e.docker_engine import DockerEngine, docker_engine, is_installed, search_path
from tests.e2e.installation import ACCOUNT, REGION, Installation
from tests.e2e.small_image import make_root
from tests.e2e.stack import HOST
from tests.shape.tree import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

PACKAGES = ROOT / ".venv/cdk/node_modules"
"""Where ``scripts/setup.sh --cdk`` puts the packages of examples/shop/cdk."""
SHOP = ROOT / "examples/shop"
BASE = "moyai.test/small:1"
"""The image on which tests/e2e/cdk/site/Dockerfile builds."""
PATIENCE = 600
"""Seconds for one command of CDK's."""


class Cdk:
    """The command ``cdk`` for one application, a copy of ``source`` in ``folder``."""

    def __init__(self, source: Path, folder: Path, server: Installation) -> None:
        self.folder = folder / source.name
        shutil.copytree(source, self.folder, ignore=shutil.ignore_patterns("node_modules", "cdk.out"))
        self._environment = server.environment() | {
            "PATH": f"{PACKAGES}/.bin:{search_path()}",
            "NODE_PATH": str(PACKAGES),
            "HOME": str(folder),
            "CI": "true",
            "TEXT": "hello",
        }

    def run(self, *arguments: str, **environment: str) -> str:
        """Run a command; what it said. It must succeed."""
        ran = subprocess.run(
            ["cdk", *arguments, "--no-notices"],
            cwd=self.folder,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert ran.returncode == 0, f"{arguments}: {ran.stdout[-6000:]}"
        return ran.stdout

    def watch(self, end: str, *arguments: str) -> str:
        """Run ``cdk watch`` until it has said ``end``; what it said so far."""
        settings = json.loads((self.folder / "cdk.json").read_text()) | {"watch": {"include": ["*.cjs"]}}
        (self.folder / "cdk.json").write_text(json.dumps(settings))
        with subprocess.Popen(
            ["cdk", "watch", *arguments, "--no-notices"],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # it starts the application as a process of its own
        ) as watching:
            patience = Timer(PATIENCE, os.killpg, (watching.pid, signal.SIGKILL))
            patience.start()
            try:
                assert watching.stdout is not None
                lines: list[str] = []
                for line in watching.stdout:
                    lines.append(line)
                    if end in line:
                        break
            finally:
                patience.cancel()
                os.killpg(watching.pid, signal.SIGKILL)
        said = "".join(lines)
        assert end in said, said[-6000:]
        return said

    def deploy(self, *arguments: str, **environment: str) -> None:
        """Deploy without questions."""
        self.run("deploy", "--require-approval", "never", *arguments, **environment)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, topology: str) -> Iterator[Installation]:
    """An installation with CDK's own stack."""
    assert PACKAGES.exists(), "run `scripts/setup.sh --cdk`, as `make nightly` does"
    installation = Installation(tmp_path_factory.mktemp("cdk") / "state", "--proxy", topology)
    options = ("--base", HOST, "--state", str(installation.state))
    installation.moyai("image", "import", IMPORTED_IMAGE, str(SHOP / "image"), *options)
    installation.up()
    try:
        cdk = Cdk(Path(__file__).with_name("cdk"), tmp_path_factory.mktemp("bootstrap"), installation)
        cdk.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        yield installation
    finally:
        assert installation.leave() == []


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    if not is_installed() and shutil.which("apt-get") is None:
        pytest.skip("no Docker Engine")
    assert is_installed(), "run `scripts/setup.sh --docker`, as `make nightly` does"
    root = tmp_path_factory.mktemp("small")
    make_root(root)
    with docker_engine(Path(tempfile.mkdtemp(prefix="docker-", dir="/var/tmp")), is_isolated=False) as engine:
        engine.import_root(root, BASE)
        yield engine


def test_every_kind_of_asset(environment: Installation, engine: DockerEngine, tmp_path: Path):
    cdk = Cdk(Path(__file__).with_name("cdk"), tmp_path, environment)
    docker = {
        "DOCKER_HOST": f"unix://{engine.socket}",
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "DOCKER_BUILDKIT": "0",  # the other builder is a program of its own
    }
    cdk.deploy(**docker)
    assert page_of(environment, "Hello", "/index.html") == "built by docker\n"
    assert page_of(environment, "Hello", "/text") == "hello\n"
    assert json.loads(asset_of(environment)) == {"greeting": "hello"}
    difference = cdk.run("diff", TEXT="goodbye", **docker)
    assert '[+]     "Value": "goodbye"' in difference
    assert "Number of stacks with differences: 1" in difference
    cdk.deploy(TEXT="goodbye", **docker)
    assert page_of(environment, "Hello", "/text") == "goodbye\n"
    assert "Number of stacks with differences: 0" in cdk.run("diff", TEXT="goodbye", **docker)
    cdk.run("destroy", "--force", **docker)
    assert stack_names(environment) == ["CDKToolkit"]
    assert roles(environment, "Hello") == []


def test_watching_a_stack_that_does_not_exist_creates_nothing(environment: Installation, tmp_path: Path):
    said = Cdk(SHOP / "cdk", tmp_path, environment).watch("hotswap-deployment time", "-c", f"image={IMPORTED_IMAGE}")
    assert "Shop: deploying..." in said
    assert stack_names(environment) == ["CDKToolkit"]
    assert environment.client("ecs").list_clusters()["clusterArns"] == []


def test_the_shop(environment: Installation, tmp_path: Path):
    cdk = Cdk(SHOP / "cdk", tmp_path, environment)
    existing = ("-c", f"image={IMPORTED_IMAGE}")
    cdk.deploy(*existing)
    assert json.loads(page_of(environment, "Shop", "/items/1"))["catalog"] == "1"
    cdk.deploy(*existing, "-c", "version=2")
    assert json.loads(page_of(environment, "Shop", "/items/1"))["catalog"] == "2"
    cdk.run("destroy", "--force", *existing)
    assert stack_names(environment) == ["CDKToolkit"]


def page_of(server: Installation, stack: str, path: str) -> str:
    """The body of a page that a stack's load balancer answers with."""
    resources = server.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    [balancer] = [r for r in resources if r["ResourceType"] == "AWS::ElasticLoadBalancingV2::LoadBalancer"]
    name = balancer["PhysicalResourceId"].partition("loadbalancer/")[2]
    filters = [{"Name": "description", "Values": [f"ELB {name}"]}]
    interfaces = server.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    address = interfaces[0]["Association"]["PublicIp"]
    ran = subprocess.run(
        ["curl", "--silent", "--fail", "--max-time", "30", f"http://{address}{path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, (path, ran)
    return ran.stdout


def asset_of(server: Installation) -> bytes:
    """The one object of CDK's bucket that is no template: the asset of the small application."""
    s3 = server.client("s3")
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    objects = [s3.get_object(Bucket=bucket, Key=each["Key"]) for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    [settings] = [body for each in objects if b"greeting" in (body := each["Body"].read()) and b"Resources" not in body]
    return bytes(settings)


def stack_names(server: Installation) -> list[str]:
    return [stack["StackName"] for stack in server.client("cloudformation").describe_stacks()["Stacks"]]


def roles(server: Installation, prefix: str) -> list[str]:
    """The roles whose names begin so."""
    names = [role["RoleName"] for role in server.client("iam").list_roles()["Roles"]]
    return [name for name in names if name.startswith(prefix)]
