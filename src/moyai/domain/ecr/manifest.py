"""The references of a pushed manifest: layers, other manifests, the artifact's subject.

Promise: any artifact is accepted, not only container images, as in every registry: the media types of configurations
and layers are the client's. The manifest itself is an image manifest or an index of OCI or of Docker's version 2,
schema 2.
Refuses: more than 4 MiB, digests other than SHA-256, a document with both layers and manifests (CVE-2021-41190), and
one whose ``mediaType`` is not the one it is pushed as.
Source: https://github.com/opencontainers/image-spec/blob/main/manifest.md, image-index.md
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from moyai.kernel.errors import MoyaiError

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024
_MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
_MAX_REFERENCES: Final = 4200
_VERSION: Final = 2

_Size = Annotated[int, Meta(ge=0, le=2**53)]


class BadManifest(MoyaiError):
    """The manifest is malformed, too large, or of another type than the client says."""


class ContentReference(msgspec.Struct, frozen=True):
    """A descriptor, as far as a registry reads it."""

    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
    size: _Size
    media_type: Annotated[str, Meta(max_length=255)] = msgspec.field(name="mediaType", default="")


class PushedManifest(msgspec.Struct, frozen=True):
    """The references of a manifest. ``layers`` begin with the configuration."""

    media_type: str
    layers: tuple[ContentReference, ...]
    manifests: tuple[ContentReference, ...]
    artifact_type: str | None
    subject: str | None


class _Document(msgspec.Struct, rename="camel"):
    schema_version: int
    media_type: str | None = None
    artifact_type: Annotated[str, Meta(max_length=255)] | None = None
    config: ContentReference | None = None
    layers: Annotated[tuple[ContentReference, ...], Meta(max_length=_MAX_REFERENCES)] | None = None
    manifests: Annotated[tuple[ContentReference, ...], Meta(max_length=_MAX_REFERENCES)] | None = None
    subject: ContentReference | None = None


_READER = msgspec.json.Decoder(_Document)


def parse_pushed_manifest(content: bytes, media_type: str | None) -> PushedManifest:
    """The references of a manifest. ``media_type``: what the client says it is, if it does. Raises BadManifest."""
    if len(content) > MAX_MANIFEST_BYTES:
        raise BadManifest(f"The manifest has {len(content)} bytes; at most {MAX_MANIFEST_BYTES} are accepted.")
    try:
        document = _READER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadManifest(f"The manifest can't be read: {error}") from error
    media_type = media_type or document.media_type or _usual_type(document)
    if document.media_type not in {None, media_type}:
        raise BadManifest(f"The manifest is pushed as {media_type}, and says that it is {document.media_type}.")
    if (document.layers is None) == (document.manifests is None) or document.schema_version != _VERSION:
        raise BadManifest("A manifest of schema version 2 with either layers or manifests is accepted, nothing else.")
    if media_type not in (_INDEXES if document.layers is None else _MANIFESTS):
        raise BadManifest(f"The media type {media_type} is not that of the manifest's content.")
    if document.layers is not None and document.config is None:
        raise BadManifest("The manifest has no config.")
    config = () if document.config is None else (document.config,)
    return PushedManifest(
        media_type,
        (*config, *(document.layers or ())),
        document.manifests or (),
        document.artifact_type or (document.config.media_type if document.config else None) or None,
        None if document.subject is None else document.subject.digest,
    )


def _usual_type(document: _Document) -> str:
    """The type of a manifest that names none, which OCI allows."""
    return OCI_MANIFEST if document.manifests is None else OCI_INDEX
