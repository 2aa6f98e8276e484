"""Names of images that stand for other names, as the user maps them.

Promise: pure. A mapping is ``IMAGE=OTHER``. ``IMAGE`` without a tag stands for all tags of the repository, and
``OTHER`` without one keeps the tag. Where both end with a slash, all repositories below are mapped. The most specific
mapping counts, and the result is not mapped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from moyai.images.errors import BadReference
from moyai.images.reference import ImageReference, parse_reference
from moyai.kernel.errors import MoyaiError

_REPOSITORY = "x"
"""Stands for a repository's name in the parsing of a prefix."""


class BadMapping(MoyaiError):
    """The text is no ``IMAGE=OTHER``."""


class ImageNames:
    """The names of images that stand for others."""

    def __init__(self, mappings: Mapping[str, str]) -> None:
        """``mappings``: as ``parse_mappings`` gives them."""
        self._mappings = mappings

    def map(self, reference: ImageReference) -> ImageReference | None:
        """The reference that this one stands for; None if it is not mapped."""
        tagged = self._mappings.get(str(replace(reference, digest=None))) if reference.tag else None
        if tagged is not None:
            return _with_version(tagged, reference)
        if (named := self._mappings.get(reference.name)) is not None:
            return _with_version(named, reference)
        parts = reference.name.split("/")
        for count in range(len(parts) - 1, 0, -1):
            prefix = "/".join(parts[:count]) + "/"
            if (other := self._mappings.get(prefix)) is not None:
                return _with_version(other + "/".join(parts[count:]), reference)
        return None


def parse_mappings(texts: Iterable[str]) -> Mapping[str, str]:
    """The mappings that texts ``IMAGE=OTHER`` say, by canonical names. Raises BadMapping."""
    mappings = {}
    for text in texts:
        name, equals, other = text.partition("=")
        if not equals or name.endswith("/") is not other.endswith("/"):
            raise BadMapping(f"{text!r} is not IMAGE=OTHER, or REGISTRY/=OTHER/ for all images below")
        try:
            mappings[_canonical(name)] = _canonical(other)
        except BadReference as error:
            raise BadMapping(f"{text!r}: {error}") from error
    return mappings


def _canonical(text: str) -> str:
    """A name with its registry: with its tag if it has one, and with the slash of a prefix."""
    if text.endswith("/"):
        return parse_reference(f"{text}{_REPOSITORY}").name.removesuffix(_REPOSITORY)
    reference = parse_reference(text)
    has_version = "@" in text or ":" in text.rpartition("/")[2]
    return str(reference) if has_version else reference.name


def _with_version(text: str, reference: ImageReference) -> ImageReference:
    """The reference that a mapping's ``OTHER`` gives for this one."""
    other = parse_reference(text)
    has_version = "@" in text or ":" in text.rpartition("/")[2]
    return other if has_version else replace(other, tag=reference.tag, digest=reference.digest)
