"""A process that is killed at any change of the store, or finds the disk full, leaves complete images."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from moyai.images.errors import NoSpace
from moyai.images.reference import parse_reference
from moyai.images.store.image_store import ImageStore
from tests.unit.images.built_images import build_from_archives, build_image, layer_of
from tests.unit.images.killed import kill_at_each_change
from tests.unit.images.store.test_image_store import add, add_layers, files, layers, names

pytestmark = pytest.mark.root  # unpacking keeps owners

OLD = build_image({"app": b"old"}, config={"Cmd": ["old"]})
NEW = build_image({"app": b"new"}, config={"Cmd": ["new"]})


@pytest.fixture
def store(tmp_path):
    """A store with an image, and a copy of it to start from again."""
    store = ImageStore(tmp_path / "images")
    add(store, OLD, "web", "job")
    store.hold("task-1", ["job"])
    shutil.copytree(tmp_path / "images", tmp_path / "copy", symlinks=True)
    return store


def restore(tmp_path):
    shutil.rmtree(tmp_path / "images")
    shutil.copytree(tmp_path / "copy", tmp_path / "images", symlinks=True)


def pull(store):
    with store.lease() as lease:
        add_layers(lease, NEW)
        lease.add_image(NEW.manifest, NEW.config, [parse_reference("web")])


CHANGES = {
    "add": pull,
    "tag": lambda store: store.tag("web", "shop/web:1"),
    "remove": lambda store: store.remove("web"),
    "prune": lambda store: store.prune(),
    "hold": lambda store: store.hold("task-2", ["web"]),
    "release": lambda store: store.release("task-1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_process_that_is_killed_at_any_change_leaves_complete_images(store, tmp_path, change):
    for number in kill_at_each_change(lambda: restore(tmp_path), lambda: CHANGES[change](store)):
        references = store._store.read_references().digests
        assert {"docker.io/library/job:latest"} <= references.keys(), number
        found = [store.find(details.reference) for details in store.list_images()]
        assert len(found) == len(references), number
        assert {Path(image.layers[0], "app").read_text() for image in found} <= {"old", "new"}, number
        CHANGES[change](store) if change != "remove" or "docker.io/library/web:latest" in references else store.prune()
        store.tag("job", "done")  # collects what is left
        needed = {image.digest for image in map(store.find, [d.reference for d in store.list_images()])}
        assert layers(store) == {*names(OLD), *(names(NEW) if NEW.digest in needed else ())}, number
        assert len(files(store)) == 2 * len(needed), number
        assert not list((tmp_path / "images").rglob("*.new")), number


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two mebibytes."""
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_leaves_nothing_of_an_image(small_disk):
    store = ImageStore(small_disk / "images")
    add(store, OLD, "web")
    before = files(store)
    large = build_from_archives([layer_of({"a": b"x" * 2**19}), layer_of({f"f{n}": b"x" * 2**16 for n in range(30)})])
    with store.lease() as lease, pytest.raises(NoSpace, match=r"No space left on device; remove images with"):
        add_layers(lease, large)
    assert layers(store) == names(OLD)
    assert files(store) == before
    assert add(store, NEW, "web").config.command == ("new",)
