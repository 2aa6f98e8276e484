"""An image is in the store completely or not at all, and stays as long as something needs it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from moyai.images.errors import BadContent, BadReference, ImageRefused
from moyai.images.model import Platform
from moyai.images.reference import HOST_IMAGE, parse_reference
from moyai.images.source import ResolvedImage
from moyai.images.store.image_store import ImageStore
from moyai.ports.runtime import CannotPull
from tests.unit.images.built_images import BuiltImage, build_image, descriptor, digest_of

pytestmark = pytest.mark.root  # unpacking keeps owners

FIRST = build_image({"bin/app": b"first"}, {"etc/motd": b"hello"}, config={"Cmd": ["/bin/app"]})
SECOND = build_image({"bin/app": b"first"}, {"etc/motd": b"changed"})


def add_layers(lease, image: BuiltImage):
    for descriptor_, diff_id, content in image.layers():
        with tempfile.TemporaryFile(dir=lease.directory) as file:
            file.write(content)
            lease.add_layer(descriptor_, diff_id, file)


def add(store, image: BuiltImage, *references: str, index: bytes | None = None):
    with store.lease() as lease:
        add_layers(lease, image)
        return lease.add_image(image.manifest, image.config, map(parse_reference, references), index)


def layers(store) -> set[str]:
    return {path.name for path in (Path(store._store.path) / "layers/sha256").iterdir()}


def names(image: BuiltImage) -> set[str]:
    return {diff_id.removeprefix("sha256:") for diff_id in image.diff_ids}


def files(store) -> list[str]:
    """The files in the store besides layers and references."""
    path = store._store.path
    return sorted(str(p.relative_to(path)) for d in ("leases", "blobs/sha256") for p in (path / d).iterdir())


def test_an_image_is_found_with_its_layers_and_its_configuration(store):
    image = add(store, FIRST, "shop/web:2")
    assert store.find("shop/web:2") == store.find("docker.io/shop/web:2") == image
    assert image.digest == FIRST.digest
    assert image.config.command == ("/bin/app",)
    upper, lower = map(Path, image.layers)
    assert (upper / "etc/motd").read_bytes() == b"hello"
    assert (lower / "bin/app").read_bytes() == b"first"
    assert [details.reference for details in store.list_images()] == ["shop/web:2"]
    assert store.inspect("shop/web:2").size > len(b"firsthello")


def test_the_hosts_image_always_exists_and_never_changes(store):
    assert store.find(HOST_IMAGE).on_host
    assert store.find(f"{HOST_IMAGE}:latest").layers == ()
    for missing in (f"{HOST_IMAGE}@sha256:{'0' * 64}", f"{HOST_IMAGE}:2"):
        with pytest.raises(CannotPull):
            store.find(missing)
    add(store, FIRST, "web")
    with pytest.raises(ImageRefused, match="own root"):
        store.remove(HOST_IMAGE)
    with pytest.raises(ImageRefused, match="own root"):
        store.tag("web", HOST_IMAGE)
    with pytest.raises(ImageRefused, match="own root, and has no layers and no configuration"):
        store.inspect(HOST_IMAGE)


def test_an_image_is_found_by_the_digest_of_its_index_and_of_its_manifest(store):
    other = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + "0" * 64, "size": 9}
    index = FIRST.make_index(other | {"platform": {"os": "linux", "architecture": "s390x"}})
    assert add(store, FIRST, "web", index=index).digest == digest_of(index)
    assert store.find("web").digest == digest_of(index)
    assert store.find(f"web@{FIRST.digest}").layers == store.find(f"web@{digest_of(index)}").layers
    with pytest.raises(CannotPull, match="platform 'linux/s390x'; the image is made for linux/"):
        store.find("web", platform=Platform("linux", "s390x"))


def test_a_layer_that_two_images_share_is_there_once(store):
    add(store, FIRST, "a")
    add(store, SECOND, "b")
    assert layers(store) == names(FIRST) | names(SECOND)
    assert len(layers(store)) == 3
    removed = store.remove("a")
    assert layers(store) == names(SECOND)
    assert removed.layers == 1
    assert removed.size > 1024


def test_images_of_a_holder_stay_until_they_are_released(store):
    add(store, FIRST, "web")
    assert store.hold("task-1", ["web", "gone", HOST_IMAGE]) == {"web": FIRST.digest, "gone": None, HOST_IMAGE: None}
    add(store, SECOND, "web")
    store.remove("web")
    assert layers(store) == names(FIRST)
    assert store.find("web", FIRST.digest).config.command == ("/bin/app",)
    assert store.holders() == {"task-1": frozenset({FIRST.digest})}
    store.release("task-1")
    assert store.prune() == ([], (2, store_size(FIRST)))
    assert (layers(store), files(store)) == (set(), [])
    with pytest.raises(CannotPull, match="is not here any more; a new deployment takes what web is now"):
        store.find("web", FIRST.digest)


def store_size(image: BuiltImage) -> int:
    archives = [len(content) for content in (image.manifest, image.config)]
    return sum(archives) + 2 * 10240


def test_images_of_a_revision_stay_and_are_replaced_together(store):
    add(store, FIRST, "web")
    store.hold_only("service-revisions", frozenset({FIRST.digest}))
    add(store, SECOND, "web")
    assert store.find("web", FIRST.digest).digest == FIRST.digest
    store.hold_only("service-revisions", frozenset({SECOND.digest}))
    store.prune()
    assert layers(store) == names(SECOND)


def test_an_image_for_another_platform_is_held(store):
    other = build_image({"app": b"x"}, architecture="s390x")
    add(store, other, "web")
    assert store.hold("task-1", ["web"]) == {"web": other.digest}
    assert store.prune()[0] == []


def test_the_source_of_a_pulled_image_is_forgotten_with_its_reference(store):
    with store.lease() as lease:
        add_layers(lease, FIRST)
        layers_, reference = FIRST.parsed.layers, parse_reference("web")
        pulled = ResolvedImage(reference, FIRST.digest, FIRST.manifest, FIRST.parsed.config, layers_)
        lease.add_pulled_image(pulled, FIRST.config, "registry docker.io")
    store.tag("web", "own")
    assert (store.source("web"), store.source("own")) == ("registry docker.io", None)
    store.remove("web")
    assert store._store.read_references().sources == {}


def test_prune_removes_what_no_holder_needs(store):
    add(store, FIRST, "used", "also/used:1")
    add(store, SECOND, "unused")
    store.hold("task-1", ["used"])
    removed, what = store.prune()
    assert removed == ["unused:latest"]
    assert what.layers == 1
    assert [details.reference for details in store.list_images()] == ["also/used:1", "used:latest"]


def test_a_running_lease_keeps_its_layers_and_loses_them_at_its_end(store):
    with store.lease() as lease:
        add_layers(lease, FIRST)
        ImageStore(store._store.path).prune()
        assert all(lease.has_layer(diff_id) for diff_id in FIRST.diff_ids)
    assert (layers(store), files(store)) == (set(), [])


def test_a_lease_of_a_process_that_was_killed_is_garbage(store):
    add(store, FIRST, "web")
    before = files(store)
    if (child := os.fork()) == 0:
        with store.lease() as lease:
            add_layers(lease, SECOND)
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert len(layers(store)) == 3
    store.prune()
    add(store, FIRST, "web")
    assert layers(store) == names(FIRST)
    assert files(store) == before


def test_a_tag_moves_and_is_removed(store):
    add(store, FIRST, "web")
    store.tag("web", "shop/web:1")
    store.remove("web")
    assert store.find("shop/web:1").digest == FIRST.digest
    add(store, SECOND, "shop/web:1")
    assert layers(store) == names(SECOND)
    for change in (lambda: store.remove("web"), lambda: store.tag("web", "a"), lambda: store.inspect("web")):
        with pytest.raises(CannotPull, match="web is not here"):
            change()
    with pytest.raises(BadReference):
        store.tag("shop/web:1", "Upper")


@pytest.mark.parametrize("name", ["", "Upper", "../up", "a//b", "a:b:c", "/etc", "web:" + "t" * 200])
def test_a_malformed_name_is_not_found(store, name):
    with pytest.raises(CannotPull, match="invalid reference format"):
        store.find(name)


def test_content_without_its_digest_is_refused_and_leaves_nothing(store):
    (layer, diff_id, content), (other, _, _) = FIRST.layers()
    wrong = {
        "what came has": (other, diff_id, content),
        "its diff id is": (layer, "sha256:" + "0" * 64, content),
        "it is no tar archive": (layer, diff_id, b"garbage" * 200),
        "ended before": (layer, diff_id, content[:-20]),
    }
    for reason, (descriptor_, expected, archive) in wrong.items():
        with store.lease() as lease, tempfile.TemporaryFile() as file:
            file.write(archive)
            with pytest.raises(BadContent, match=f"failed to extract layer.*{reason}"):
                lease.add_layer(descriptor_, expected, file)
            assert list(lease.directory.iterdir()) == [lease.directory / "digests"]
    assert (layers(store), files(store)) == (set(), [])


def test_an_image_without_all_of_its_parts_is_refused(store):
    with store.lease() as lease:
        with pytest.raises(BadContent, match="a layer of the image is not here"):
            lease.add_image(FIRST.manifest, FIRST.config, [parse_reference("web")])
        with pytest.raises(BadContent, match="another configuration"):
            lease.add_image(FIRST.manifest, SECOND.config, [parse_reference("web")])
    assert store.list_images() == []
    assert files(store) == []


def test_an_image_whose_layer_is_damaged_is_not_here_and_can_be_added_again(store):
    image = add(store, FIRST, "web")
    (Path(image.layers[0]).parent / "layer.json").unlink()
    with pytest.raises(CannotPull):
        store.find("web")
    assert add(store, FIRST, "web") == image


def test_nothing_in_an_image_lays_it_on_the_host(store):
    hostile = build_image({"a": b"b"}, config={"Labels": {"base": HOST_IMAGE}})
    assert not add(store, hostile, "web").on_host
    with store.lease() as lease:
        add_layers(lease, hostile)
        assert lease.add_image_on_host(hostile.manifest, hostile.config, [parse_reference("own")]).on_host
    assert store.find("own").on_host


def test_an_opaque_root_hides_the_layers_below(store):
    image = build_image({"below": b"x"}, {".wh..wh..opq": b"", "above": b"x"})
    roots = add(store, image, "web").layers
    assert [sorted(path.name for path in Path(root).iterdir()) for root in roots] == [["above"]]


@pytest.mark.parametrize("holder", ["", "../x", ".hidden", "a/b", "x.new", "h" * 300])
def test_a_holder_is_the_name_of_a_file(store, holder):
    with pytest.raises(ImageRefused, match="can't hold an image"):
        store.hold(holder, ["web"])


def test_descriptors_of_tests_are_those_of_registries():
    assert descriptor("a", b"") == {"mediaType": "a", "digest": digest_of(b""), "size": 0}
