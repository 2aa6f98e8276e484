"""What Service Connect has no member for and moyai has a tag for: retries and outlier detection.

Source: docs/guide/tuning.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from moyai.cli.migrate.inventory import Json
from moyai.cli.migrate.ledger import Ledger

_MOST_RETRIES = 10
_EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "server-error": ("500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511", "reset"),
        "gateway-error": ("502", "503", "504", "reset"),
        "client-error": ("409",),
        "stream-error": ("refused-stream",),
        "connection-error": ("connect-failure",),
        "unavailable": ("unavailable",),
    }
)
_UNKNOWN_EVENT = "no tag says so: calls that end with this status are not made again"


def seconds(duration: Json) -> float:
    """An App Mesh duration."""
    return float(duration["value"]) / (1000 if duration["unit"] == "ms" else 1)


def written(value: float) -> str:
    """A time as a tag has it."""
    return f"{round(value * 1000)}ms"


def retry_tags(ledger: Ledger, path: str, policy: Json) -> Iterator[tuple[str, str]]:
    """The tags for a route's retry policy, noted under ``path``."""
    retries = int(policy["maxRetries"])
    if retries > _MOST_RETRIES:
        ledger.tag(f"{path}.maxRetries", f"moyai:retries={_MOST_RETRIES}, the most there can be")
    else:
        ledger.tag(f"{path}.maxRetries", f"moyai:retries={retries or 'off'}")
    yield "moyai:retries", str(min(retries, _MOST_RETRIES)) if retries else "off"
    words: dict[str, None] = {}
    for kind in ("httpRetryEvents", "tcpRetryEvents", "grpcRetryEvents"):
        for number, event in enumerate(policy.get(kind) or ()):
            known = _EVENTS.get(event)
            if known is None:
                ledger.lost(f"{path}.{kind}[{number}]", _UNKNOWN_EVENT)
            else:
                ledger.tag(f"{path}.{kind}[{number}]", f"moyai:retry-on={' '.join(known)}")
                words.update(dict.fromkeys(known))
    if words:
        yield "moyai:retry-on", " ".join(words)
        yield "moyai:retry-methods", "all"
    yield from _per_try(ledger, path, policy, words)


def _per_try(ledger: Ledger, path: str, policy: Json, words: Mapping[str, None]) -> Iterator[tuple[str, str]]:
    limit = seconds(policy["perRetryTimeout"])
    if not limit:
        ledger.maps(f"{path}.perRetryTimeout", "no limit, as without it")
    elif "reset" in words:
        ledger.tag(f"{path}.perRetryTimeout", f"moyai:per-try-timeout={written(limit)}")
        yield "moyai:per-try-timeout", written(limit)
    else:
        ledger.lost(f"{path}.perRetryTimeout", "moyai:per-try-timeout needs reset among what is tried again")


def outlier_tags(ledger: Ledger, path: str, detection: Json) -> Iterator[tuple[str, str]]:
    """The tags for a listener's outlier detection, noted under ``path``."""
    failures = int(detection["maxServerErrors"])
    counted = "counts failed connections, 502, 503 and 504, and no other 5xx"
    ledger.tag(f"{path}.maxServerErrors", f"moyai:outlier-failures={min(failures, 1000)}; {counted}")
    yield "moyai:outlier-failures", str(min(failures, 1000))
    for member, tag in (("interval", "outlier-interval"), ("baseEjectionDuration", "outlier-base-ejection")):
        time = seconds(detection[member])
        if time:
            ledger.tag(f"{path}.{member}", f"moyai:{tag}={written(time)}")
            yield f"moyai:{tag}", written(time)
    percent = int(detection["maxEjectionPercent"])
    ledger.tag(f"{path}.maxEjectionPercent", f"moyai:outlier-max-ejection-percent={percent}")
    yield "moyai:outlier-max-ejection-percent", str(percent)
