"""The references in a pushed manifest."""

from __future__ import annotations

import json

import pytest

from moyai.domain.ecr.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    BadManifest,
    parse_pushed_manifest,
)

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")


def descriptor(digest, media_type="t"):
    return {"mediaType": media_type, "digest": digest, "size": 3, "urls": ["ignored"]}


def manifest(**members) -> bytes:
    return json.dumps({"schemaVersion": 2, **members}).encode()


def image(**more) -> bytes:
    return manifest(**{"config": descriptor(A, "config"), "layers": [descriptor(B)], **more})


def test_an_image_of_each_kind():
    for media_type in (OCI_MANIFEST, DOCKER_MANIFEST):
        parsed = parse_pushed_manifest(image(mediaType=media_type), None)
        assert (parsed.media_type, parsed.artifact_type) == (media_type, "config")
        assert [layer.digest for layer in parsed.layers] == [A, B]


def test_an_index_of_each_kind():
    for media_type in (OCI_INDEX, DOCKER_INDEX):
        parsed = parse_pushed_manifest(manifest(manifests=[descriptor(A), descriptor(B)]), media_type)
        assert (parsed.layers, [part.digest for part in parsed.manifests]) == ((), [A, B])


def test_an_artifact_about_an_image():
    parsed = parse_pushed_manifest(image(artifactType="signature", subject=descriptor(C)), None)
    assert (parsed.media_type, parsed.artifact_type, parsed.subject) == (OCI_MANIFEST, "signature", C)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b" " * (4 * 1024 * 1024 + 1), None),
        (manifest(), None),
        (image(schemaVersion=1), None),
        (image(manifests=[]), None),
        (image(mediaType=OCI_MANIFEST), DOCKER_MANIFEST),
        (image(), OCI_INDEX),
        (image(), "text/plain"),
        (manifest(layers=[]), None),
        (image(layers=[descriptor("sha512:" + "0" * 128)]), None),
        (image(layers=[descriptor("sha256:../../etc/passwd")]), None),
        (image(layers=[{**descriptor(B), "size": -1}]), None),
        (image(layers=[descriptor(B)] * 5000), None),
        (image(config=None), None),
    ],
)
def test_manifests_that_are_refused(content, media_type):
    with pytest.raises(BadManifest):
        parse_pushed_manifest(content, media_type)
