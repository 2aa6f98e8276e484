"""``moyai image``: what its commands print."""

from __future__ import annotations

import io
import json

import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from moyai.cli.image import image_commands
from moyai.cli.pull_display import ImagePullView, pull_bars
from moyai.domain.sandbox.pull import PullProgress
from moyai.images.model import Image
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
    assert run("inspect", "--json", "shop/web:1").splitlines() == [json.dumps([details])]
    assert (details["Digest"], details["Source"], details["OnHost"]) == (imported["Digest"], None, False)
    assert [row["Name"] for row in json.loads(run("rm", "--json", "shop/web:1"))] == ["shop/web:1"]
    assert run("list").splitlines() == [HOST_IMAGE]


def test_the_machines_own_root_is_never_pulled(run):
    assert run("pull", HOST_IMAGE) == f"{HOST_IMAGE}:latest is this machine's own root, which is never pulled\n"


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


PROGRESS = PullProgress("registry", 5, 3, 2, 45_600_000, 45_600_000, 3.2)


class FixedPuller:
    """Pulls ``web:1`` from a registry, and has all other images."""

    async def pull(self, request, watcher):
        if request.reference.tag == "1":
            watcher(replace(PROGRESS, pulled=0, received=1_000_000))
            watcher(PROGRESS)
        return Image((), on_host=False, digest="sha256:" + "ab" * 32)

    async def close(self):
        pass


def test_pull_says_what_was_downloaded_and_draws_nothing_into_a_pipe(tmp_path, monkeypatch):
    monkeypatch.setattr("moyai.app.images.make_puller", lambda *_, **__: FixedPuller())
    arguments = ["pull", "--state", str(tmp_path), "web:1", "web:2"]
    result = CliRunner().invoke(image_commands(), arguments)
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "Pulled web:1 (sha256:abababababab…) from registry: 45.6 MB in 3.2 s; 3 of 5 layers were here already",
        "Pulled web:2 (sha256:abababababab…), which was here already",
    ]
    first, second = json.loads(CliRunner().invoke(image_commands(), [*arguments, "--json"]).stdout)
    assert first["Download"] == {
        "Source": "registry",
        "Size": 45_600_000,
        "Seconds": 3.2,
        "Layers": 5,
        "PresentLayers": 3,
    }
    assert second["Download"] is None


def test_a_terminal_has_a_bar_for_each_image(monkeypatch):
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=120)
    monkeypatch.setattr("moyai.cli.pull_display.Console", lambda **_: console)
    with pull_bars(is_quiet=False) as bars:
        view = ImagePullView("web:1", bars)
        view.show(replace(PROGRESS, pulled=1, received=22_800_000))
        bars.refresh()
    assert "web:1" in terminal.getvalue()
    assert "22.8/45.6 MB" in terminal.getvalue()
    assert "4/5 layers" in terminal.getvalue()
