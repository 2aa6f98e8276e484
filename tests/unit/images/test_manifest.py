"""Manifests come from strangers: whatever they contain, they are read or refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.images.errors import BadContent
from moyai.images.manifest import (
    MAX_CONFIG_BYTES,
    MAX_MANIFEST_BYTES,
    OCI_CONFIG,
    OCI_LAYER,
    parse_config,
    parse_manifest,
)
from moyai.images.model import Descriptor, Manifest, Platform, host_platform

DIGEST = "sha256:" + "0" * 64
MANIFEST = Manifest(Descriptor(OCI_CONFIG, DIGEST, 2), (Descriptor(OCI_LAYER, DIGEST, 2),))

KEYS = [
    "schemaVersion",
    "mediaType",
    "config",
    "layers",
    "manifests",
    "digest",
    "size",
    "platform",
    "os",
    "architecture",
    "rootfs",
    "type",
    "diff_ids",
    "Env",
    "Cmd",
    "Volumes",
    "fsLayers",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(DIGEST),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_read_or_refused(value):
    content = json.dumps(value).encode()
    for parse in (parse_manifest, lambda content: parse_config(content, MANIFEST)):
        try:
            parse(content)
        except BadContent as refused:
            assert str(refused)  # noqa: PT017 - both ends are right


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(content):
    with pytest.raises(BadContent):
        parse_manifest(content)
    with pytest.raises(BadContent):
        parse_config(content, MANIFEST)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"schemaVersion": 2, "x": ' + b'{"a":' * 100_000])
def test_a_deep_document_is_refused(content):
    with pytest.raises(BadContent):
        parse_manifest(content)


def test_a_document_beyond_the_limit_is_not_parsed():
    with pytest.raises(BadContent, match="4194305 bytes"):
        parse_manifest(b" " * (MAX_MANIFEST_BYTES + 1))
    with pytest.raises(BadContent, match="8388609 bytes"):
        parse_config(b" " * (MAX_CONFIG_BYTES + 1), MANIFEST)


@pytest.mark.parametrize(
    ("host", "image", "runs"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/amd64/v1", True),
        ("linux/amd64", "linux/amd64/v3", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm/v7", "linux/arm/v6", True),
        ("linux/amd64", "linux/arm64", False),
        ("linux/amd64", "windows/amd64", False),
    ],
)
def test_platforms_run_compatible_images(host, image, runs):
    assert Platform(*host.split("/")).runs(Platform(*image.split("/"))) is runs


def test_the_host_platform_is_known():
    assert str(host_platform()).startswith("linux/")
