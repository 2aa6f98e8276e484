"""The user's mappings of image names to other names.

Promise: pure. A mapping is ``IMAGE=OTHER``. ``IMAGE`` without a tag means all tags of the repository, and ``OTHER``
without a tag keeps the tag. If both end with a slash, all repositories below are mapped. The most specific mapping
applies, and its result is not mapped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from moyai.images.errors import BadReference
from moyai.images.reference import ImageReference, parse_reference
from moyai.kernel.errors import MoyaiError

_REPOSITORY = "x"
"""The placeholder for a repository's name with which a prefix is parsed."""


class BadMapping(MoyaiError):
    """The text does not have the form ``IMAGE=OTHER``."""


class ImageNames:
    """The mappings of image names."""

    def __init__(self, mappings: Mapping[str, str]) -> None:
        """``mappings``: the result of ``parse_mappings``."""
        self._mappings = mappings

    def map(self, reference: ImageReference) -> ImageReference | None:
        """The reference to which this one is mapped; None if there is no mapping for it."""
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
    """The mappings in texts ``IMAGE=OTHER``, in canonical form. Raises BadMapping."""
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
    """The canonical form of a name: with its registry, and with its tag or the slash of a prefix if it has one."""
    if text.endswith("/"):
        return parse_reference(f"{text}{_REPOSITORY}").name.removesuffix(_REPOSITORY)
    reference = parse_reference(text)
    has_version = "@" in text or ":" in text.rpartition("/")[2]
    return str(reference) if has_version else reference.name


def _with_version(text: str, reference: ImageReference) -> ImageReference:
    """The reference ``text``, with the tag and digest of ``reference`` if it has no own."""
    other = parse_reference(text)
    has_version = "@" in text or ":" in text.rpartition("/")[2]
    return other if has_version else replace(other, tag=reference.tag, digest=reference.digest)
