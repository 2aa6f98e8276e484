"""Imported images: with a root of their own, and as a layer on the host's."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import ContainerSpec
from moyai.images.imports.importing import import_image
from moyai.images.model import ImageConfig
from moyai.images.reference import HOST_IMAGE, parse_reference
from tests.contract.runtime.adapters import TASK, sandbox
from tests.e2e.linux_tasks import run, shell
from tests.unit.images.built_images import build_from_archives, layer_of
from tests.unit.images.store.test_image_store import add_layers

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture
def busybox_like(tmp_path):
    """A root with a shell and the libraries it needs, as an archive."""
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    shutil.copy("/bin/sh", root / "bin/sh")
    (root / "lib").symlink_to("usr/lib")
    (root / "etc/resolv.conf").symlink_to("../run/resolv.conf")
    archive = tmp_path / "root.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(root, ".")
    return archive


async def test_a_layer_on_the_host_adds_files_and_a_command(linux, tmp_path):
    source = tmp_path / "layer"
    (source / "opt/app").mkdir(parents=True)
    (source / "opt/app/hello").write_text("#!/bin/sh\necho hello $WHO from $(pwd) $*\n")
    (source / "opt/app/hello").chmod(0o755)
    config = ImageConfig(("/opt/app/hello",), ("twice",), {"WHO": "you"}, "/opt/app", "1000")
    import_image(linux.runtime.images, "example/hello:1", source, base=HOST_IMAGE, config=config)
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, ContainerSpec(TASK, "a", "example/hello:1"))
    assert lines == ["hello you from /opt/app twice"]
    _, lines = await run(
        linux, ContainerSpec(TASK, "b", "example/hello:1", command=("once",), environment={"WHO": "me"})
    )
    assert lines == ["hello me from /opt/app once"]


async def test_an_image_with_its_own_root_has_nothing_of_the_hosts(linux, busybox_like, tmp_path):
    libraries = tmp_path / "with-libraries"
    rootfs = Path(import_image(linux.runtime.images, "tiny", busybox_like).layers[0])
    (rootfs / "usr").mkdir()
    shutil.copytree("/usr/lib/x86_64-linux-gnu", libraries, symlinks=True, ignore=_all_but_libc)
    shutil.copytree(libraries, rootfs / "usr/lib/x86_64-linux-gnu", symlinks=True)
    shutil.copytree("/lib64", rootfs / "lib64", symlinks=False)
    await linux.runtime.prepare(sandbox())
    _, lines = await run(
        linux, shell("echo /*; read name < /etc/hostname; echo $name; : > /file && echo ok", image="tiny")
    )
    assert lines == ["/bin /dev /etc /lib /lib64 /proc /sys /usr", "ip-172-31-0-11", "ok"]
    assert not (rootfs / "file").exists()


def _all_but_libc(_directory: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith(("libc.so", "libc-", "ld-"))]


async def test_a_layer_hides_files_of_the_layers_below(linux, busybox_like):
    """With whiteouts and opaque directories, as registries' layers have them."""
    lower = add_libraries(busybox_like)
    files = {"opt/gone": b"", "opt/stays": b"", "srv/old": b""}
    upper = layer_of({"opt/.wh.gone": b"", "srv/.wh..wh..opq": b"", "srv/new": b"", "lib64": "usr/lib64"})
    image = build_from_archives([lower.read_bytes(), layer_of(files), upper])
    with linux.runtime.images.lease() as lease:
        add_layers(lease, image)
        lease.add_image(image.manifest, image.config, [parse_reference("layered")])
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("echo /opt/* /srv/*; echo > /opt/gone && echo /opt/*", image="layered"))
    assert lines == ["/opt/stays /srv/new", "/opt/gone /opt/stays"]


def add_libraries(archive: Path) -> Path:
    """The archive, with the libraries that its shell needs."""
    with tarfile.open(archive, "a") as tar:
        for directory, target in (("/usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"), ("/lib64", "usr/lib64")):
            for path in sorted(Path(directory).iterdir()):
                if path.name.startswith(("libc.so", "ld-")):
                    tar.add(path.resolve(), f"{target}/{path.name}")
    return archive
