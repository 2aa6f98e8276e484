"""The paths of the registry's protocol.

Promise: a name in a path is a valid repository name, so a path can't lead elsewhere: ``..`` matches nothing.
Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import unquote

from moyai.api.registry.errors import RegistryError
from moyai.domain.ecr.repository import is_repository_name

PREFIX: Final = "/v2"
_LONGEST: Final = 1024
_PATHS: Final = re.compile(
    r"/v2/(?P<name>.+?)/(?:manifests/(?P<manifest>[^/]+)|blobs/(?P<blob>[^/]+:[^/]+)|blobs/uploads/(?P<upload>[^/]*)"
    r"|tags/(?P<tags>list))"
)


class PathKind(StrEnum):
    """The resource that a path names."""

    BASE = "base"
    CATALOG = "catalog"
    MANIFEST = "manifest"
    BLOB = "blob"
    UPLOADS = "uploads"
    UPLOAD = "upload"
    TAGS = "tags"


class Route(NamedTuple):
    """An endpoint, the name of its repository, and the tag, digest or upload in the path."""

    endpoint: PathKind
    name: str = ""
    reference: str = ""


def parse_route(path: str) -> Route:
    """The route of a path, which may be percent-encoded. Raises RegistryError."""
    text = unquote(path)
    if text.rstrip("/") == PREFIX:
        return Route(PathKind.BASE)
    if text == f"{PREFIX}/_catalog":
        return Route(PathKind.CATALOG)
    match = None if len(text) > _LONGEST else _PATHS.fullmatch(text)
    if match is None:
        raise RegistryError("UNSUPPORTED", 404, f"The registry has nothing at {text[:200]}.")
    name = match["name"]
    if not is_repository_name(name):
        raise RegistryError(
            "NAME_INVALID",
            400,
            f"'{name[:256]}' can't be the name of a repository: 2 to 256 lower-case letters, digits, and between them "
            "separators (. _ __ - and /).",
        )
    if match["upload"] is not None:
        return Route(PathKind.UPLOAD if match["upload"] else PathKind.UPLOADS, name, match["upload"])
    for endpoint in (PathKind.MANIFEST, PathKind.BLOB, PathKind.TAGS):
        if match[endpoint] is not None:
            return Route(endpoint, name, match[endpoint])
    raise AssertionError(text)
