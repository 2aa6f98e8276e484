"""Images that moyai 0.2 imported are found after an upgrade, by their tags and by their earlier digests."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from moyai.images.imports.older_store import open_store
from moyai.images.reference import HOST_IMAGE
from moyai.ports.runtime import CannotPull
from tests.unit.images.killed import kill_at_each_change

pytestmark = pytest.mark.root  # a store is root's

OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64
CONFIG = {"entry_point": ["/app"], "command": [], "environment": {"A": "b"}, "working_directory": "/", "user": "0"}


def older_image(directory, home, content, **manifest):
    """An image as that version stored it."""
    root = directory / home / "rootfs"
    root.mkdir(parents=True)
    (root / "app").write_text(content)
    (root / "manifest.json").write_text("{}")  # a file of the image
    (directory / home / "manifest.json").write_text(json.dumps({"base": None, "config": CONFIG} | manifest))
    return root


@pytest.fixture
def images(tmp_path):
    return tmp_path / "images"


def test_images_keep_their_tags_their_digests_and_their_files(images):
    running = older_image(images, "shop/web/1", "new", name="shop/web", digest=NEW)
    older_image(images, ".replaced-x", "old", name="shop/web", digest=OLD)
    older_image(images, "hosted/latest", "hosted", base=HOST_IMAGE, name="hosted", digest=NEW)
    older_image(images, "version/latest", "first version")
    inode = (running / "app").stat().st_ino
    store = open_store(images)
    assert [image.reference for image in store.list_images()] == [
        "hosted:latest",
        f"hosted@{NEW}",
        "version:latest",
        "shop/web:1",
        f"shop/web@{OLD}",
        f"shop/web@{NEW}",
    ]
    web = store.find("shop/web:1")
    assert (web.config.entry_point, web.config.environment) == (("/app",), {"A": "b"})
    assert Path(web.layers[0], "app").stat().st_ino == inode  # a task that runs from it goes on
    assert store.find("shop/web:1", NEW) == web
    assert Path(store.find("shop/web:1", OLD).layers[0], "app").read_text() == "old"
    assert store.find("hosted").on_host
    assert store.hold("task-1", [f"shop/web:1@{OLD}"])[f"shop/web:1@{OLD}"] == store.find(f"shop/web@{OLD}").digest
    assert sorted(path.name for path in images.parent.iterdir()) == ["images"]
    assert open_store(images).list_images() == store.list_images()


def test_an_unconvertible_image_is_kept_and_named(images, caplog):
    older_image(images, "web/1", "x", name="web", digest=NEW)
    damaged = older_image(images, "bad-/latest", "x", name="bad-", digest=OLD)
    with caplog.at_level(logging.WARNING):
        store = open_store(images)
    assert [image.reference for image in store.list_images()] == ["web:1", f"web@{NEW}"]
    (message,) = caplog.messages
    assert f"{images}.old/bad-/latest can't be converted and stays there: invalid reference format" in message
    assert Path(str(damaged).replace("/images/", "/images.old/"), "app").read_text() == "x"
    with pytest.raises(CannotPull):
        store.find("bad-")


def test_a_new_installation_has_nothing_to_convert(images):
    assert open_store(images / "state/images").list_images() == []
    open_store(images)
    assert open_store(images).list_images() == []


def test_files_that_are_no_images_stay(images):
    images.mkdir()
    (images / "photo.jpg").touch()
    open_store(images)
    assert [path.name for path in images.parent.rglob("*")] == ["images", "photo.jpg"]
    older_image(images, "shop/web/1", "new", name="shop/web", digest=NEW)
    assert open_store(images).find("shop/web:1").digest
    assert (images.with_name("images.old") / "photo.jpg").is_file()


def test_a_link_of_the_users_own_is_not_followed(images, tmp_path):
    older_image(tmp_path / "photos", "shop/web/1", "new", name="shop/web", digest=NEW)
    images.symlink_to(tmp_path / "photos")
    open_store(images)
    assert images.is_symlink()
    assert (tmp_path / "photos" / "shop" / "web" / "1" / "rootfs" / "app").read_text() == "new"


def test_a_process_that_is_killed_meanwhile_loses_nothing(images):
    def prepare():
        for path in (images, images.with_name("images.old")):
            shutil.rmtree(path, ignore_errors=True)
        older_image(images, "shop/web/1", "new", name="shop/web", digest=NEW)
        older_image(images, "job/latest", "job", name="job", digest=OLD)

    for number in kill_at_each_change(prepare, lambda: open_store(images)):
        store = open_store(images)
        assert Path(store.find("shop/web:1", NEW).layers[0], "app").read_text() == "new", number
        assert Path(store.find("job").layers[0], "app").read_text() == "job", number
        assert not images.with_name("images.old").exists(), number
