"""``moyai image``: what its commands print."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from moyai.cli.image import image_commands
from moyai.images.reference import HOST_IMAGE

pytestmark = pytest.mark.root  # an import keeps owners


@pytest.fixture
def run(tmp_path):
    """Runs a command on a state directory of the test's own; its output."""

    def run(*arguments: str, code: int = 0) -> str:
        command, *rest = arguments
        result = CliRunner().invoke(image_commands(), [command, "--state", str(tmp_path / "state"), *rest])
        assert result.exit_code == code, (result.output, result.exception)
        return result.stdout

    return run


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root/srv").mkdir(parents=True)
    (tmp_path / "root/srv/file").write_text("hello")
    return str(tmp_path / "root")


def test_an_image_is_imported_listed_inspected_and_removed(run, root):
    (imported,) = json.loads(run("import", "--json", "shop/web:1", root))
    assert imported["Name"] == "shop/web:1"
    assert run("list").splitlines() == [HOST_IMAGE, "shop/web:1"]
    assert run("list", "--digests").splitlines()[1] == f"shop/web:1  {imported['Digest']}"
    listed = json.loads(run("list", "--json"))
    assert [(row["Name"], row["Tasks"]) for row in listed] == [(HOST_IMAGE, 0), ("shop/web:1", 0)]
    (details,) = json.loads(run("inspect", "shop/web:1"))
    assert (details["Digest"], details["Source"], details["OnHost"]) == (imported["Digest"], None, False)
    assert [row["Name"] for row in json.loads(run("rm", "--json", "shop/web:1"))] == ["shop/web:1"]
    assert run("list").splitlines() == [HOST_IMAGE]


def test_prune_removes_what_no_task_uses(run, root):
    run("import", "shop/web:1", root)
    assert json.loads(run("prune", "--json"))["Names"] == ["shop/web:1"]
    assert run("list").splitlines() == [HOST_IMAGE]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--platform", "windows/amd64", "is not a platform"),
        ("--image-map", "nginx", "IMAGE=OTHER"),
        ("--registry-mirror", "docker.io", "REGISTRY=URL"),
    ],
)
def test_a_bad_option_of_pull_is_refused(run, tmp_path, option, value, message):
    arguments = ["pull", "--state", str(tmp_path), option, value, "nginx"]
    result = CliRunner().invoke(image_commands(), arguments)
    assert result.exit_code == 2
    assert message in result.output
