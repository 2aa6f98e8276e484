"""Images with paths that lead above their root: a container never sees this machine's files, and changes none."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import TmpfsMount
from moyai.images.imports.importing import import_image
from moyai.images.model import ImageConfig
from moyai.ports.runtime import RuntimeFault
from tests.contract.runtime.adapters import TASK, sandbox
from tests.e2e.linux_tasks import run
from tests.e2e.small_image import copy_programs, line

pytestmark = [pytest.mark.e2e, pytest.mark.root]

IMAGE = "example/climbing:1"
PROGRAMS = ("sh", "ls", "cat", "echo", "mkdir")
LOOK = "ls -d /../*; ls -d /mnt/data/../../../*; echo seen"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A directory of this machine that no container may see or change."""
    directory = tmp_path / "victim"
    directory.mkdir(mode=0o755)
    (directory / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    return directory


def _links(victim: Path) -> dict[str, str]:
    return {"data": "/..", "sys": "/..", "etc": f"/..{victim}"}


@pytest.mark.parametrize(
    ("links", "volumes", "tmpfs"),
    [
        ((), ("/..",), ()),
        ((), ("/../../tmp",), ()),
        (("data",), (), (TmpfsMount("/data", 1),)),
        (("data",), ("/data",), ()),
        (("sys",), (), ()),
        (("etc",), (), ()),
    ],
)
async def test_nothing_of_the_machine_is_reached_through_the_top(linux, tmp_path, victim, links, volumes, tmpfs):
    source = tmp_path / "root"
    for name in ("bin", "sbin", "lib", "lib64"):
        (source / "usr" / name).mkdir(parents=True)
        (source / name).symlink_to(f"usr/{name}")
    copy_programs(source, PROGRAMS)
    for name in links:
        (source / name).symlink_to(_links(victim)[name])
    before = {path.name: path.lstat().st_ino for path in victim.iterdir()}
    config = ImageConfig(volumes=volumes)
    import_image(linux.runtime.images, IMAGE, source, config=config)
    await linux.runtime.prepare(sandbox())
    try:
        _, lines = await run(linux, line(LOOK, task=TASK, image=IMAGE, tmpfs=tmpfs))
    except RuntimeFault:
        lines = ["seen"]  # an image like this need not start
    shown = {name.rpartition("/")[2] for name in lines if name.startswith("/")}
    assert lines[-1] == "seen", lines
    assert not shown & {"home", "root", "boot", "work", "var", "opt", "srv"}, lines
    assert {path.name: path.lstat().st_ino for path in victim.iterdir()} == before
    assert (victim / "resolv.conf").read_text() == "nameserver 192.0.2.1\n"
