"""Tags of a service that tune how callers' proxies treat it. AWS has no API for any of this.

Promise: a tag that can't be parsed does not exist, because the API refuses it (``own_tags``). Values have only the
characters that AWS allows in tags (letters, digits, spaces and ``+-=._:/@``), so that a template with them works on
AWS, too. A tag applies to all ports of its service, and to its callers at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec


class Balancing(StrEnum):
    """How an endpoint is selected."""

    ROUND_ROBIN = "round-robin"
    LEAST_REQUEST = "least-request"
    CONSISTENT_HASH = "consistent-hash"


class HashOn(msgspec.Struct, frozen=True):
    """The header or cookie whose value selects the endpoint. ``kind``: ``header`` or ``cookie``."""

    kind: str
    name: str


class LoadBalancing(msgspec.Struct, frozen=True):
    """A load balancing policy; ``hash_on`` is set for CONSISTENT_HASH only."""

    policy: Balancing
    hash_on: HashOn | None = None


class Tuning(msgspec.Struct, frozen=True):
    """The settings of a service's tags; None = no tag. Times in seconds; 0 retries and 0 failures = off."""

    retries: int | None = None
    retry_on: tuple[str, ...] | None = None
    """Retry conditions, and status codes as digits."""
    retry_any_method: bool | None = None
    per_try_timeout: float | None = None
    connect_timeout: float | None = None
    outlier_failures: int | None = None
    outlier_interval: float | None = None
    outlier_base_ejection: float | None = None
    outlier_max_ejection_percent: int | None = None
    load_balancing: LoadBalancing | None = None
    streaming: tuple[str, ...] = ()
    """Paths without a request timeout, each with everything below it; ``/`` is all."""


class _Setting(NamedTuple):
    """A setting. ``read`` raises ValueError; ``allowed`` describes its values, after the words "must be"."""

    member: str
    read: Callable[[str], Any]
    allowed: str


_OFF, _ANY_METHOD, _REPEATABLE = "off", "all", "repeatable"
_CONDITIONS = ("connect-failure", "refused-stream", "reset", "reset-before-request", "unavailable")
_STATUS = re.compile(r"[45][0-9]{2}")
_DURATION = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)(ms|s)")
_HASH = re.compile(r"consistent-hash:(header|cookie)=([A-Za-z0-9_.-]{1,64})")
_PATH = re.compile(r"/|(/[A-Za-z0-9+=._:@-]+)+")
_SHORTEST, _LONGEST = 0.001, 3600.0
_PERCENT = 100
_MOST_RETRIES, _MOST_FAILURES = 10, 1000


def tuning_of(tags: Mapping[str, str]) -> Tuning:
    """The settings in these tags."""
    members = {SETTINGS[key].member: _read(key, value) for key, value in tags.items() if key in SETTINGS}
    return Tuning(**{name: value for name, value in members.items() if value is not None}) if members else _NO_TUNING


def fault(key: str, value: str) -> str | None:
    """The fault in the value of one of ``SETTINGS``; None if there is none."""
    return None if _read(key, value) is not None else f"must be {SETTINGS[key].allowed}, not {value!r}"


def _read(key: str, value: str) -> Any:  # noqa: ANN401  each setting's own type
    try:
        return SETTINGS[key].read(value)
    except ValueError:
        return None


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise ValueError(text)
    return int(text)


def _retries(text: str) -> int:
    return 0 if text == _OFF else _number(text, 0, _MOST_RETRIES)


def _failures(text: str) -> int:
    return 0 if text == _OFF else _number(text, 1, _MOST_FAILURES)


def _percent(text: str) -> int:
    return _number(text, 0, _PERCENT)


def _duration(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValueError(text)
    return seconds


def _conditions(text: str) -> tuple[str, ...]:
    words = text.split()
    if not words or any(word not in _CONDITIONS and not _STATUS.fullmatch(word) for word in words):
        raise ValueError(text)
    return tuple(dict.fromkeys(words))


def _methods(text: str) -> bool:
    if text not in {_ANY_METHOD, _REPEATABLE}:
        raise ValueError(text)
    return text == _ANY_METHOD


def _balancing(text: str) -> LoadBalancing:
    if text in {Balancing.ROUND_ROBIN, Balancing.LEAST_REQUEST}:
        return LoadBalancing(Balancing(text))
    match = _HASH.fullmatch(text)
    if match is None:
        raise ValueError(text)
    kind, name = match.groups()
    return LoadBalancing(Balancing.CONSISTENT_HASH, HashOn(kind, name.lower() if kind == "header" else name))


def _paths(text: str) -> tuple[str, ...]:
    paths = text.split()
    if not paths or any(not _PATH.fullmatch(path) for path in paths):
        raise ValueError(text)
    return ("/",) if "/" in paths else tuple(dict.fromkeys(paths))


_NO_TUNING: Final = Tuning()
_A_TIME = "a time from 1ms to 3600s, such as 250ms or 1.5s"
SETTINGS: Final[Mapping[str, _Setting]] = MappingProxyType(
    {
        "moyai:retries": _Setting("retries", _retries, f"a number from 0 to {_MOST_RETRIES}, or {_OFF}"),
        "moyai:retry-on": _Setting(
            "retry_on",
            _conditions,
            f"one or more of {', '.join(_CONDITIONS)} and status codes from 400 to 599, with spaces between",
        ),
        "moyai:retry-methods": _Setting("retry_any_method", _methods, f"{_REPEATABLE} or {_ANY_METHOD}"),
        "moyai:per-try-timeout": _Setting("per_try_timeout", _duration, _A_TIME),
        "moyai:connect-timeout": _Setting("connect_timeout", _duration, _A_TIME),
        "moyai:outlier-failures": _Setting(
            "outlier_failures", _failures, f"a number from 1 to {_MOST_FAILURES}, or {_OFF}"
        ),
        "moyai:outlier-interval": _Setting("outlier_interval", _duration, _A_TIME),
        "moyai:outlier-base-ejection": _Setting("outlier_base_ejection", _duration, _A_TIME),
        "moyai:outlier-max-ejection-percent": _Setting(
            "outlier_max_ejection_percent", _percent, f"a number from 0 to {_PERCENT}"
        ),
        "moyai:load-balancing": _Setting(
            "load_balancing",
            _balancing,
            "round-robin, least-request, consistent-hash:header=NAME or consistent-hash:cookie=NAME",
        ),
        "moyai:streaming": _Setting(
            "streaming", _paths, "one or more paths such as /events, with spaces between, or / for all"
        ),
    }
)
"""The settings by tag key."""
