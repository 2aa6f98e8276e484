"""An attribute of a load balancer, a listener or a target group: its key, default, possible values and typed value.

Promise: a value that was checked can be read. A value that exists at AWS and has no effect here is refused with the
reason, unless it has the effect of the default.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import msgspec

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_LONGEST_NUMBER = 10
_COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{0,256}", re.ASCII)


class AttributeValues(Protocol[T_co]):
    """The possible values of an attribute."""

    def read(self, text: str) -> T_co:
        """The value. Raises ValueError, which says what is possible."""


class Switch(msgspec.Struct, frozen=True):
    """``true`` or ``false``."""

    def read(self, text: str) -> bool:
        """Whether it is true."""
        if text not in {"true", "false"}:
            raise ValueError("it is true or false")
        return text == "true"


class IntegerRange(msgspec.Struct, frozen=True):
    """A number from ``low`` to ``high``, or 0 where ``or_zero``."""

    low: int
    high: int
    or_zero: bool = False

    def read(self, text: str) -> int:
        """The number."""
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else -1
        if not self.low <= number <= self.high and not (self.or_zero and number == 0):
            raise ValueError(f"it is a number from {self.low} to {self.high}{', or 0' if self.or_zero else ''}")
        return number


class Choice(msgspec.Struct, frozen=True):
    """A value that must be one of a few words."""

    words: tuple[str, ...]

    def read(self, text: str) -> str:
        """The word."""
        if text not in self.words:
            raise ValueError(f"it is one of {', '.join(self.words)}")
        return text


class Text(msgspec.Struct, frozen=True):
    """A text of at most ``longest`` characters, without line breaks."""

    longest: int = 1024

    def read(self, text: str) -> str:
        """The text."""
        if len(text) > self.longest or not text.isprintable():
            raise ValueError(f"it has at most {self.longest} characters, all printable")
        return text


class CookieName(msgspec.Struct, frozen=True):
    """The name of a cookie, or nothing."""

    def read(self, text: str) -> str:
        """The name."""
        if not _COOKIE_NAME.fullmatch(text):
            raise ValueError("it is the name of a cookie: at most 256 letters, digits and !#$%&'*+-.^_`|~")
        return text


class AttributedRecord(Protocol):
    """A record with attributes: those that were set, by key."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """The values that were set."""


class ElbAttribute(msgspec.Struct, Generic[T], frozen=True):
    """An attribute: its key, its default and its permitted values."""

    key: str
    values: AttributeValues[T]
    default: str | Callable[[Any], str]
    """The value of a record that has none, or a function of the record that returns it."""
    refused: str = ""
    """Why other values than the default are refused; empty when they are not."""
    equivalents: tuple[str, ...] = ()
    """Other values that are accepted, because they have the effect of the default."""

    def text_of(self, record: AttributedRecord) -> str:
        """The value of a record, as the API has it."""
        value = record.attributes.get(self.key)
        return self.default_of(record) if value is None else value

    def of(self, record: AttributedRecord) -> T:
        """The value of a record."""
        return self.values.read(self.text_of(record))

    def refusal_of(self, record: AttributedRecord, value: str) -> str:
        """Why the record can't have a possible value; empty if it can."""
        return "" if value in {self.default_of(record), *self.equivalents} else self.refused

    def default_of(self, record: AttributedRecord) -> str:
        """The value that a record has where none was set."""
        return self.default if isinstance(self.default, str) else self.default(record)


def switch(key: str, *, default: bool = False, refused: str = "") -> ElbAttribute[bool]:
    """An attribute that is true or false."""
    return ElbAttribute(key, Switch(), "true" if default else "false", refused)
