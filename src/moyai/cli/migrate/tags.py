"""Settings without an equivalent in Service Connect that moyai keeps by tags: retries and outlier detection.

Source: docs/guide/tuning.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from moyai.cli.migrate.inventory import Json
from moyai.cli.migrate.member_report import MemberReport

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
_UNKNOWN_EVENT = "no tag for this event: calls that end with it are not retried"


def seconds(duration: Json) -> float:
    """An App Mesh duration in seconds."""
    return float(duration["value"]) / (1000 if duration["unit"] == "ms" else 1)


def tag_duration(value: float) -> str:
    """A duration in the form of tags."""
    return f"{round(value * 1000)}ms"


def retry_tags(report: MemberReport, path: str, policy: Json) -> Iterator[tuple[str, str]]:
    """The tags for a route's retry policy, which is at ``path``."""
    retries = int(policy["maxRetries"])
    if retries > _MOST_RETRIES:
        report.mark_tagged(f"{path}.maxRetries", f"moyai:retries={_MOST_RETRIES}, the maximum")
    else:
        report.mark_tagged(f"{path}.maxRetries", f"moyai:retries={retries or 'off'}")
    yield "moyai:retries", str(min(retries, _MOST_RETRIES)) if retries else "off"
    retry_conditions: dict[str, None] = {}
    for kind in ("httpRetryEvents", "tcpRetryEvents", "grpcRetryEvents"):
        for number, event in enumerate(policy.get(kind) or ()):
            conditions = _EVENTS.get(event)
            if conditions is None:
                report.mark_lost(f"{path}.{kind}[{number}]", _UNKNOWN_EVENT)
            else:
                report.mark_tagged(f"{path}.{kind}[{number}]", f"moyai:retry-on={' '.join(conditions)}")
                retry_conditions.update(dict.fromkeys(conditions))
    if retry_conditions:
        yield "moyai:retry-on", " ".join(retry_conditions)
        yield "moyai:retry-methods", "all"
    yield from _per_try_timeout_tags(report, path, policy, retry_conditions)


def _per_try_timeout_tags(
    report: MemberReport, path: str, policy: Json, retry_conditions: Mapping[str, None]
) -> Iterator[tuple[str, str]]:
    limit = seconds(policy["perRetryTimeout"])
    if not limit:
        report.mark_mapped(f"{path}.perRetryTimeout", "no limit")
    elif "reset" in retry_conditions:
        report.mark_tagged(f"{path}.perRetryTimeout", f"moyai:per-try-timeout={tag_duration(limit)}")
        yield "moyai:per-try-timeout", tag_duration(limit)
    else:
        report.mark_lost(f"{path}.perRetryTimeout", "moyai:per-try-timeout requires retries on reset")


def outlier_tags(report: MemberReport, path: str, detection: Json) -> Iterator[tuple[str, str]]:
    """The tags for a listener's outlier detection, which is at ``path``."""
    failures = int(detection["maxServerErrors"])
    counted = "counts failed connections, 502, 503 and 504, and no other 5xx"
    report.mark_tagged(f"{path}.maxServerErrors", f"moyai:outlier-failures={min(failures, 1000)}; {counted}")
    yield "moyai:outlier-failures", str(min(failures, 1000))
    for member, tag in (("interval", "outlier-interval"), ("baseEjectionDuration", "outlier-base-ejection")):
        time = seconds(detection[member])
        if time:
            report.mark_tagged(f"{path}.{member}", f"moyai:{tag}={tag_duration(time)}")
            yield f"moyai:{tag}", tag_duration(time)
    percent = int(detection["maxEjectionPercent"])
    report.mark_tagged(f"{path}.maxEjectionPercent", f"moyai:outlier-max-ejection-percent={percent}")
    yield "moyai:outlier-max-ejection-percent", str(percent)
