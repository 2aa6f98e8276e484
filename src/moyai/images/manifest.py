"""Parses manifests, indexes and configuration files of images: OCI 1.1, and Docker's version 2, schema 2. It also makes
an OCI manifest for an image without one.

Promise: pure and bounded. An unknown kind of content is refused by its name, and so is a document that is both a
manifest and an index. Attestations, which BuildKit adds to an index as manifests of the platform ``unknown/unknown``,
are not images, and are left out.
Source: https://github.com/opencontainers/image-spec/blob/main/manifest.md, image-index.md, config.md,
https://distribution.github.io/distribution/spec/manifest-v2-2/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from moyai.images.errors import BadContent, WrongPlatform
from moyai.images.model import ConfigFile, Descriptor, ImageConfig, Index, Manifest, Platform, digest_of

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"

MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
_CONFIGS: Final = frozenset({OCI_CONFIG, DOCKER_CONFIG})
_DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar"
_LAYERS: Final = frozenset(
    f"{layer}{compression}"
    for layer, compressions in (
        (OCI_LAYER, ("", "+gzip", "+zstd")),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", ("", "+gzip", "+zstd")),
        (_DOCKER_LAYER, ("", ".gzip", ".zstd")),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar", ("", ".gzip")),
    )
    for compression in compressions
)
_SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1"
_ATTESTATION: Final = "vnd.docker.reference.type"

MAX_MANIFEST_BYTES: Final = 4 * 1024**2
"""The limit of Docker's registry and of containerd."""
MAX_CONFIG_BYTES: Final = 8 * 1024**2
"""The limit of containerd. The largest known configurations, with thousands of lines of history, have about 1 MiB."""
MAX_LAYERS: Final = 127
"""Docker's own limit."""
MAX_LAYER_BYTES: Final = 10 * 1024**3
"""The limit of a compressed layer. Amazon ECR allows 52,000 MiB, GHCR 10 GB, and Docker Hub 10 GB."""
_MAX_LIST: Final = 10_000
_NO_ANNOTATIONS: Final[Mapping[str, str]] = MappingProxyType({})

_Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
_Text = Annotated[str, Meta(max_length=255)]


class _Platform(msgspec.Struct):
    os: _Text = ""
    architecture: _Text = ""
    variant: _Text | None = None


class _Descriptor(msgspec.Struct, rename="camel"):
    media_type: _Text
    digest: _Digest
    size: Annotated[int, Meta(ge=0, le=2**53)]
    platform: _Platform | None = None
    annotations: dict[str, str] | None = None


class _Document(msgspec.Struct, rename="camel"):
    schema_version: int
    media_type: str | None = None
    config: _Descriptor | None = None
    layers: Annotated[list[_Descriptor], Meta(max_length=_MAX_LIST)] | None = None
    manifests: Annotated[list[_Descriptor], Meta(max_length=_MAX_LIST)] | None = None
    fs_layers: object = None


class _Empty(msgspec.Struct):
    """The value of each key of a set, which Go writes as an object with empty objects."""


class _Defaults(msgspec.Struct, rename="pascal"):
    user: str | None = None
    exposed_ports: dict[str, _Empty | None] | None = None
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    volumes: dict[str, _Empty | None] | None = None
    working_dir: str | None = None
    stop_signal: str | None = None


class _RootFs(msgspec.Struct):
    type: str
    diff_ids: Annotated[list[_Digest], Meta(max_length=_MAX_LIST)]


class _ConfigFile(msgspec.Struct):
    os: _Text
    architecture: _Text
    rootfs: _RootFs
    variant: _Text | None = None
    config: _Defaults | None = None


_T = TypeVar("_T")
_DOCUMENT = msgspec.json.Decoder(_Document)
_CONFIG_FILE = msgspec.json.Decoder(_ConfigFile)


def parse_manifest(content: bytes, media_type: str | None = None) -> Manifest | Index:
    """The manifest or index in a document. ``media_type``: the type that the source states. Raises BadContent."""
    if len(content) > MAX_MANIFEST_BYTES:
        raise BadContent(f"the manifest has {len(content)} bytes, and at most {MAX_MANIFEST_BYTES} are read")
    document = _decode(_DOCUMENT, content, "manifest")
    media_type = (media_type or "").partition(";")[0].strip() or document.media_type or ""
    if document.schema_version == 1 or document.fs_layers is not None or media_type.startswith(_SCHEMA_1):
        raise BadContent("the manifest has Docker's schema 1, which registries replaced in 2017")
    if document.media_type and document.media_type != media_type:
        raise BadContent(f"the manifest was sent as {media_type}, and says that it is {document.media_type}")
    is_manifest, is_index = document.layers is not None, document.manifests is not None
    if is_manifest and is_index:  # CVE-2021-41190
        raise BadContent("the manifest has both layers and manifests")
    if document.schema_version != 2 or not (is_manifest or is_index):  # noqa: PLR2004 - the version
        raise BadContent("it is neither the manifest nor the index of an image")
    if media_type and media_type not in (MANIFESTS if is_manifest else INDEXES):
        raise BadContent(f"its media type is {media_type}, which is not that of its content")
    return _index(document.manifests) if document.manifests is not None else _manifest(document)


def _manifest(document: _Document) -> Manifest:
    config, layers = document.config, document.layers or []
    if config is None or config.media_type not in _CONFIGS:
        kind = "nothing" if config is None else config.media_type
        raise BadContent(f"it is no container image: its configuration is {kind}")
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise BadContent(f"the image has {len(layers)} layers, and can have 1 to {MAX_LAYERS}")
    for layer in layers:
        if layer.media_type not in _LAYERS:
            raise BadContent(f"layer {layer.digest} is {layer.media_type}, which is no layer that can be unpacked")
        if layer.size > MAX_LAYER_BYTES:
            raise BadContent(f"layer {layer.digest} has {layer.size} bytes, more than {MAX_LAYER_BYTES}")
    if config.size > MAX_CONFIG_BYTES:
        raise BadContent(f"the configuration has {config.size} bytes, more than {MAX_CONFIG_BYTES}")
    return Manifest(_descriptor(config), tuple(map(_descriptor, layers)))


def _index(manifests: Sequence[_Descriptor]) -> Index:
    descriptors = map(_descriptor, manifests)
    return Index(tuple(descriptor for descriptor in descriptors if not _is_attestation(descriptor)))


def _is_attestation(descriptor: Descriptor) -> bool:
    return descriptor.platform == Platform("unknown", "unknown") or _ATTESTATION in descriptor.annotations


def _descriptor(read: _Descriptor) -> Descriptor:
    platform = None if read.platform is None else _platform(read.platform)
    return Descriptor(read.media_type, read.digest, read.size, platform, read.annotations or {})


def _platform(read: _Platform | _ConfigFile) -> Platform:
    return Platform(read.os, read.architecture, read.variant or "")


def make_manifest(
    config: bytes, layers: Sequence[Descriptor], annotations: Mapping[str, str] = _NO_ANNOTATIONS
) -> bytes:
    """The manifest of an image with this configuration file, the same bytes for the same image."""
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size} for layer in layers],
    }
    if annotations:
        document["annotations"] = dict(annotations)
    return json.dumps(document, separators=(",", ":")).encode()


def select_manifest(index: Index, platform: Platform) -> Descriptor:
    """The best manifest for the platform, or else the first one without a platform. Raises WrongPlatform."""
    variants = platform.runnable_variants
    candidates = [m for m in index.manifests if m.platform is not None and platform.runs(m.platform)]
    if candidates:
        return min(candidates, key=lambda m: variants.index(m.platform.variant) if m.platform else len(variants))
    if unnamed := [m for m in index.manifests if m.platform is None]:
        return unnamed[0]
    raise wrong_platform(platform, [m.platform for m in index.manifests if m.platform is not None])


def parse_config(content: bytes, manifest: Manifest) -> ConfigFile:
    """The configuration file of the image with this manifest. Raises BadContent."""
    if len(content) > MAX_CONFIG_BYTES:
        raise BadContent(f"the configuration has {len(content)} bytes, and at most {MAX_CONFIG_BYTES} are read")
    read = _decode(_CONFIG_FILE, content, "configuration")
    if len(read.rootfs.diff_ids) != len(manifest.layers):
        count = len(read.rootfs.diff_ids)
        raise BadContent(f"the manifest has {len(manifest.layers)} layers, the configuration {count}")
    return ConfigFile(_platform(read), _image_config(read.config or _Defaults()), tuple(read.rootfs.diff_ids))


def wrong_platform(platform: Platform, offered: Sequence[Platform]) -> WrongPlatform:
    """The error in AWS's words, with the platforms that the image is made for, and what to do."""
    names = ", ".join(sorted({str(other) for other in offered})) or "no platform"
    return WrongPlatform(
        f"image Manifest does not contain descriptor matching platform '{platform}'; the image is made for {names}."
        f" Build it with `--platform {platform}`, or set runtimePlatform.cpuArchitecture to a processor of the image."
    )


def _image_config(read: _Defaults) -> ImageConfig:
    entry_point, command, environment = read.entrypoint or (), read.cmd or (), read.env or ()
    if any("\0" in text for text in (*entry_point, *command, *environment, read.working_dir or "", read.user or "")):
        raise BadContent("the configuration has a NUL in a text that a process is started with")
    pairs = (line.partition("=") for line in environment)
    return ImageConfig(
        tuple(entry_point),
        tuple(command),
        {name: value for name, equals, value in pairs if name and equals},
        read.working_dir or "/",
        read.user or "0",
        read.stop_signal or None,
        tuple(sorted(read.volumes or ())),
        tuple(sorted(read.exposed_ports or ())),
    )


def _decode(decoder: msgspec.json.Decoder[_T], content: bytes, kind: str) -> _T:
    try:
        return decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadContent(f"the {kind} can't be read: {error}") from error
    except RecursionError as error:
        raise BadContent(f"the {kind} can't be read: its lists and objects are nested too deeply") from error
