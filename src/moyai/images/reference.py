"""Parses names of images, with Docker's grammar and normalisation.

Promise: texts that mean the same image give equal references: ``nginx``, ``docker.io/nginx`` and
``index.docker.io/library/nginx:latest`` are equal. ``str(reference)`` is the canonical text, and parsing it gives the
reference again. Each part matches its grammar and has no ``..``, so that it can be a part of a URL or of a path.
Source: https://github.com/distribution/reference/blob/main/regexp.go (grammar), normalize.go (normalisation)
"""

from __future__ import annotations

import re

import msgspec

from moyai.images.errors import BadReference

DOCKER_HUB = "docker.io"
HOST_IMAGE = "moyai.local/host"
"""The name of this machine's own root, which is never pulled."""
LATEST = "latest"

_MAX_NAME = 255
_ALSO_DOCKER_HUB = "index.docker.io"
_OFFICIAL = "library/"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]{{1,5}})?", re.ASCII)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


class ImageReference(msgspec.Struct, frozen=True):
    """The name of an image: a registry, a repository, and a tag or a digest. At least one of ``tag`` and ``digest`` is
    set; if both are, the digest determines the image.
    """

    registry: str
    """Such as ``docker.io``, ``localhost:5000`` or ``[::1]:5000``."""
    repository: str
    """The name of the repository without the registry, such as ``library/nginx``."""
    tag: str | None
    digest: str | None = None
    """``sha256:`` and 64 hexadecimal digits."""

    @property
    def name(self) -> str:
        """The registry and the repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The shortest text for the same image, such as ``nginx:latest`` for ``docker.io/library/nginx:latest``."""
        for name in (self.repository.removeprefix(_OFFICIAL), self.repository):
            if _split_registry(name) == (self.registry, self.repository) and not _IMAGE_ID.fullmatch(name):
                return name + self._version
        return str(self)

    @property
    def _version(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        return tag if self.digest is None else f"{tag}@{self.digest}"

    def __str__(self) -> str:
        return self.name + self._version


def parse_reference(text: str) -> ImageReference:
    """The reference in a text, with Docker's defaults. Raises BadReference, in Docker's words."""
    name, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _bad(text, "the digest after @ is sha256: and 64 hexadecimal digits in lower case")
    name, tag = _split_tag(name)
    if tag is not None and not _TAG.fullmatch(tag):
        raise _bad(text, "a tag is 1 to 128 letters, digits, underscores, dots and hyphens")
    if _IMAGE_ID.fullmatch(name):
        raise _bad(text, "64 hexadecimal digits are an image's id; write NAME@sha256:DIGEST")
    registry, repository = _split_registry(name)
    if not _REGISTRY.fullmatch(registry):
        raise _bad(text, f"{registry!r} is no host name with an optional port")
    if not _REPOSITORY.fullmatch(repository):
        if _REPOSITORY.fullmatch(repository.lower()):
            raise _bad(text, "a repository's name must be in lower case")
        raise _bad(text, "write NAME, NAME:TAG, NAME@sha256:DIGEST, each after a registry's HOST/ or HOST:PORT/")
    if len(registry) + 1 + len(repository) > _MAX_NAME:
        raise _bad(text, f"a registry and a repository have at most {_MAX_NAME} characters together")
    return ImageReference(registry, repository, tag or (None if at else LATEST), digest or None)


def is_digest(text: str) -> bool:
    """Whether the text is a digest: ``sha256:`` and 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def _split_tag(name: str) -> tuple[str, str | None]:
    """The name and the tag. A colon before the last slash belongs to a port."""
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, None)


def _split_registry(name: str) -> tuple[str, str]:
    """The registry and the repository. The first component is a registry if it can't be a part of a repository."""
    registry, slash, repository = name.partition("/")
    if not slash or not (set(registry) & {".", ":"} or registry == "localhost" or registry.lower() != registry):
        registry, repository = DOCKER_HUB, name
    if registry == _ALSO_DOCKER_HUB:
        registry = DOCKER_HUB
    return registry, f"{_OFFICIAL}{repository}" if registry == DOCKER_HUB and "/" not in repository else repository


def _bad(text: str, reason: str) -> BadReference:
    text = text if len(text) <= _MAX_NAME else text[:_MAX_NAME] + "…"
    return BadReference(f"invalid reference format: {text!r}: {reason}")
