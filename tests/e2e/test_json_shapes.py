"""What each command prints with ``--json`` has the shape that the command line's reference shows.

All commands run on one installation, in the order of the list: what a command needs, those before it have made.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from moyai.cli.json_shapes import JSON_SHAPES, LINES, OBJECT, JsonShape
from tests.container_images import container_image, layer_archive
from tests.e2e.commands import CommandRunner, all_commands
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, app, offer
from tests.e2e.test_ecr_tasks import push
from tests.e2e.waiting import eventually
from tests.engine_script import write_docker

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FILES = {"srv/text": b"text"}
WITHOUT_JSON = MappingProxyType(
    {
        "up": "it serves until it is ended",
        "demo": "it shows what happens to people",
        "box prepare": "it prints nothing",
        "appmesh proxy": "it runs a proxy, whose output this is",
    }
)
RUNS: MappingProxyType[str, str] = MappingProxyType(
    {
        "env": "",
        "status": "",
        "events": "",
        "logs": "front --tail 1",
        "doctor": "",
        "trace": "--limit 1",
        "explain": "front catalog",
        "analyze": "{folder}/service.json",
        "mesh": "--once",
        "top": "--once",
        "tap": "catalog --limit 1",
        "dns": "",
        "services": "",
        "open": "--print",
        "exec": "front -- true",
        "box up": "--engine docker --image moyai:1 --port {port}",
        "box status": "--engine docker",
        "box down": "--engine docker",
        "proxy clusters": "front",
        "proxy routes": "front",
        "proxy endpoints": "front",
        "proxy stats": "front",
        "image pull": "127.0.0.1:{port}/shop/pulled:1 --image-engine none --docker-config {folder}",
        "image load": "{folder}/saved.tar",
        "image import": "imported:1 {folder}/root",
        "image list": "",
        "image inspect": "imported:1",
        "image rm": "imported:1",
        "image prune": "",
        "secret put": "a value",
        "secret list": "",
        "secret rm": "a",
        "file put": "s3://config/app.env {folder}/app.env",
        "file list": "",
        "file rm": "s3://config/app.env",
        "hook put": "check http://127.0.0.1:1/",
        "hook list": "",
        "hook rm": "check",
        "keys create": "--state {folder}/other",
        "keys list": "--state {folder}/other",
        "keys revoke": "{AccessKeyId} --state {folder}/other",
        "appmesh compare": "{folder}/dump.json --node mesh/shop/virtualNode/front",
        "appmesh token issue": "",
        "appmesh token list": "",
        "appmesh token revoke": "{Id}",
        "migrate appmesh": "shop",
        "reset": "",
        "down": "",
    }
)
OTHERWISE = MappingProxyType({"explain": "{trace}", "trace": "{trace}"})
"""The arguments with which a command prints its other shape."""


@pytest.fixture(scope="module")
def installation(make_installation) -> Installation:
    """Two services that call each other, every request traced; a virtual node; an image in the registry."""
    running: Installation = make_installation("--trace-sampling", "100")
    running.up()
    cluster = Cluster(running, "shapes", "shapes")
    cluster.serve("catalog", cluster.define("shapes-catalog", app("web", 8080, "http")), offer("web", "catalog"))
    cluster.steady("catalog")
    caller = app("caller", command=["python3", "-m", "tests.e2e.apps.caller", "http://catalog/"])
    cluster.serve("front", cluster.define("shapes-front", caller), enableExecuteCommand=True)
    cluster.steady("front")
    appmesh = running.client("appmesh")
    appmesh.create_mesh(meshName="shop")
    listeners = [{"portMapping": {"port": 80, "protocol": "http"}}]
    spec = {"listeners": listeners, "serviceDiscovery": {"dns": {"hostname": "front.local"}}}
    appmesh.create_virtual_node(meshName="shop", virtualNodeName="front", spec=spec)
    push(running, "shop/pulled", "1", container_image([FILES]))
    eventually(lambda: running.moyai("trace", "--json").strip() != "[]", "a request is traced")
    return running


@pytest.fixture(scope="module")
def values(installation, tmp_path_factory) -> dict[str, str]:
    """The values of the commands' arguments, to which those are added that a command prints."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "service.json").write_text(json.dumps({"serviceName": "web", "desiredCount": 1}))
    (folder / "app.env").write_text("A=b\n")
    (folder / "root/srv").mkdir(parents=True)
    clusters = [{"cluster": {"name": "elsewhere"}}]
    (folder / "dump.json").write_text(json.dumps({"configs": [{"dynamic_active_clusters": clusters}]}))
    token = installation.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    registry = f"127.0.0.1:{installation.port}"
    (folder / "config.json").write_text(json.dumps({"auths": {registry: {"auth": token}}}))
    write_archive(folder / "saved.tar")
    write_engine(folder, installation.port)
    return {"folder": str(folder), "port": str(installation.port)}


def write_archive(path: Path) -> None:
    """An image as ``docker save`` writes it."""
    members = {
        "config.json": container_image([FILES]).blobs[0].data,
        "layer.tar": layer_archive(FILES),
        "manifest.json": json.dumps(
            [{"Config": "config.json", "RepoTags": ["saved:1"], "Layers": ["layer.tar"]}]
        ).encode(),
    }
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def write_engine(folder: Path, port: int) -> None:
    """An engine whose container's port is the installation's."""
    write_docker(folder)
    (folder / "image.json").write_text("[{}]")
    container = {
        "Name": "/moyai",
        "Config": {"Image": "moyai:1", "Env": []},
        "HostConfig": {"PortBindings": {"4566/tcp": [{"HostPort": str(port)}]}, "Privileged": True},
        "State": {"Running": True},
        "Mounts": [],
    }
    (folder / "running.json").write_text(json.dumps([container]))


@pytest.fixture
def output_of(installation, values, monkeypatch):
    """Runs a command with ``--json``; what it prints."""
    monkeypatch.setenv("PATH", f"{values['folder']}:{os.environ['PATH']}")
    runner = CommandRunner(installation, monkeypatch)

    def run_command(name: str, arguments: str) -> str:
        output, errors = io.StringIO(), io.StringIO()
        code = runner.run([*name.split(), "--json", *arguments.format(**values).split()], output, errors)
        assert code in {0, 1}, errors.getvalue()
        return output.getvalue()

    return run_command


def assert_shape(shape: JsonShape, printed: str) -> list[Any]:
    """Compare the output with the shape; its objects."""
    value = [json.loads(line) for line in printed.splitlines()] if shape.form == LINES else json.loads(printed)
    assert isinstance(value, dict) == (shape.form == OBJECT)
    objects = list(objects_of(value))
    assert objects, "an empty output shows no shape"
    if shape.members:
        assert {frozenset(each) for each in objects} == {shape.members}
    return objects


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of the output: itself, or the elements of its lists."""
    if isinstance(value, list):
        for element in value:
            yield from objects_of(element)
    else:
        yield value


@pytest.mark.parametrize("name", RUNS)
def test_json_has_its_documented_shape(name, output_of, values):
    shape = JSON_SHAPES[name]
    objects = assert_shape(shape, output_of(name, RUNS[name]))
    values |= {key: value for key, value in objects[0].items() if isinstance(value, str)}
    if shape.otherwise is not None:
        assert_shape(shape.otherwise[1], output_of(name, OTHERWISE[name]))


def test_every_command_prints_json_of_a_documented_shape():
    commands = all_commands()
    with_json = {name for name, command in commands.items() if any("--json" in p.opts for p in command.params)}
    assert with_json == JSON_SHAPES.keys() == commands.keys() - WITHOUT_JSON.keys() == RUNS.keys()
    assert OTHERWISE.keys() == {name for name, shape in JSON_SHAPES.items() if shape.otherwise is not None}
