"""What is asked of a request before a rule takes it.

Regular expressions are RE2's and stand for the whole text. A value that is asked of a header the request doesn't have
is not there, whether inverted or not: that is how Envoy 1.40 reads it, and so did AWS's proxies.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class TextTest(StrEnum):
    """How a text is held against another."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    REGEX = "regex"


class TextMatch(msgspec.Struct, frozen=True):
    """A text that passes the test."""

    test: TextTest
    text: str


class Range(msgspec.Struct, frozen=True):
    """A whole number from ``start`` on and below ``end``."""

    start: int
    end: int


class HeaderMatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request has the header; with ``value``, has it with such a value. ``invert``: it hasn't."""

    name: str
    value: TextMatch | Range | None = None
    invert: bool = False


class QueryMatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request's query has the parameter; with ``exact``, with this value."""

    name: str
    exact: str | None = None


class PathTest(StrEnum):
    """How a path is held against another, without its query."""

    BELOW = "below"
    """This path and all below it: ``/a`` takes ``/a`` and ``/a/b``, not ``/ab``."""
    PREFIX = "prefix"
    """Whatever begins so: ``/a`` takes ``/ab``."""
    EXACT = "exact"
    REGEX = "regex"


class PathMatch(msgspec.Struct, frozen=True):
    """A path that passes the test."""

    test: PathTest
    text: str


EVERY_PATH = PathMatch(PathTest.PREFIX, "/")


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request matches when every predicate given holds; with none, all do. ``grpc``: it is a gRPC call."""

    methods: tuple[str, ...] = ()
    path: PathMatch = EVERY_PATH
    scheme: str | None = None
    headers: tuple[HeaderMatch, ...] = ()
    query: tuple[QueryMatch, ...] = ()
    grpc: bool = False
