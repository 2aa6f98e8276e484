"""Validates the body of a dashboard: errors, for which it is refused, and warnings, with which it is accepted.

Promise: AWS's own messages, as far as they are known, with the path of the fault. Known properties of a widget are
checked; others are kept as they are.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

MAX_WIDGETS: Final = 500
MAX_MESSAGES: Final = 100
"""The greatest number of errors, and of warnings, that are reported."""
_MAX_METRICS: Final = 500
_COLUMNS: Final = 24
_TALLEST: Final = 1000
_TOP_LEVEL: Final = frozenset({"start", "end", "periodOverride", "widgets", "variables"})
_WIDGET: Final = frozenset({"type", "x", "y", "width", "height", "properties"})
_POSITION_LIMITS: Mapping[str, tuple[int, float]] = MappingProxyType(
    {"x": (0, _COLUMNS - 1), "y": (0, float("inf")), "width": (1, _COLUMNS), "height": (1, _TALLEST)}
)
_METRIC_FORM: Final = (
    'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element'
)
_REPEAT: Final = "..."
_VIEWS: Final = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")


class BodyMessage(NamedTuple):
    """A fault and its path, such as ``/widgets/0/properties``."""

    path: str
    text: str


class BodyFindings(NamedTuple):
    """The errors and warnings of a body."""

    errors: Sequence[BodyMessage]
    warnings: Sequence[BodyMessage]


class NotAJsonObject(ValueError):
    """The body is not a JSON object."""


Properties = Mapping[str, Any]
Check = Callable[[Properties, str], Iterator[BodyMessage]]


def check_body(body: str) -> BodyFindings:
    """Validate a body. Raises NotAJsonObject."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotAJsonObject(body[:100]) from error
    if not isinstance(document, dict):
        raise NotAJsonObject(body[:100])
    errors = list(islice(_errors(document), MAX_MESSAGES))
    return BodyFindings(errors, sorted(islice(_warnings(document), MAX_MESSAGES)))


def _errors(body: Properties) -> Iterator[BodyMessage]:
    yield from _check_top_level(body)
    for place, widget in enumerate(_widgets(body)):
        yield from _widget(widget, f"/widgets/{place}")


def _warnings(body: Properties) -> Iterator[BodyMessage]:
    yield from (_unknown_property("", name) for name in body.keys() - _TOP_LEVEL)
    for place, widget in enumerate(_widgets(body)):
        if isinstance(widget, dict):
            yield from (_unknown_property(f"/widgets/{place}", name) for name in widget.keys() - _WIDGET)


def _widgets(body: Properties) -> Sequence[object]:
    widgets = body.get("widgets")
    return widgets if isinstance(widgets, list) else ()


def _unknown_property(path: str, name: str) -> BodyMessage:
    return BodyMessage(f"{path}/{name}", f"Unknown property '{name}', it will be ignored")


def _check_top_level(body: Properties) -> Iterator[BodyMessage]:
    if "widgets" not in body:
        yield BodyMessage("", "Should have required property 'widgets'")
    elif not isinstance(body["widgets"], list):
        yield BodyMessage("/widgets", "Should be array")
    elif len(body["widgets"]) > MAX_WIDGETS:
        yield BodyMessage("/widgets", f"Should NOT have more than {MAX_WIDGETS} items")
    if body.get("periodOverride", "auto") not in ("auto", "inherit"):  # it may be a list
        yield BodyMessage("/periodOverride", "Should be equal to one of the allowed values")
    for name in ("start", "end"):
        yield from _text(body, name, "")


def _widget(widget: object, path: str) -> Iterator[BodyMessage]:
    if not isinstance(widget, dict):
        yield BodyMessage(path, "Should be object")
        return
    yield from _check_position(widget, path)
    yield from _check_required(("type", "properties"), widget, path)
    kind, properties = widget.get("type"), widget.get("properties")
    if kind is not None and (not isinstance(kind, str) or kind not in _CHECKS):
        yield BodyMessage(f"{path}/type", "Should be equal to one of the allowed values")
    elif properties is not None and not isinstance(properties, dict):
        yield BodyMessage(f"{path}/properties", "Should be object")
    elif kind is not None and properties is not None:
        yield from _CHECKS[kind](properties, f"{path}/properties")


def _check_position(widget: Properties, path: str) -> Iterator[BodyMessage]:
    for name, (least, most) in _POSITION_LIMITS.items():
        value = widget.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool):
            yield BodyMessage(f"{path}/{name}", "Should be integer")
        elif value < least:
            yield BodyMessage(f"{path}/{name}", f"Should be >= {least}")
        elif value > most:
            yield BodyMessage(f"{path}/{name}", f"Should be <= {most}")


def _metric(properties: Properties, path: str) -> Iterator[BodyMessage]:
    annotations = properties.get("annotations")
    alarms = annotations.get("alarms") if isinstance(annotations, dict) else None
    if "metrics" not in properties and not alarms:
        yield BodyMessage(path, "Should have required property 'metrics'")
        yield BodyMessage(
            path, "The metric widget should have specified a region and a data source or an alarm annotation"
        )
        if annotations is None:
            yield BodyMessage(path, "Should have required property 'annotations'")
    elif "metrics" in properties:
        if "region" not in properties:
            yield BodyMessage(path, "Should have required property 'region'")
        yield from _metrics(properties["metrics"], f"{path}/metrics")
    if properties.get("view", "timeSeries") not in _VIEWS:
        yield BodyMessage(f"{path}/view", "Should be equal to one of the allowed values")
    if not isinstance(properties.get("period", 60), int):
        yield BodyMessage(f"{path}/period", "Should be integer")
    for name in ("region", "stat", "title"):
        yield from _text(properties, name, path)


def _metrics(metrics: object, path: str) -> Iterator[BodyMessage]:
    if not isinstance(metrics, list):
        yield BodyMessage(path, "Should be array")
        return
    if len(metrics) > _MAX_METRICS:
        yield BodyMessage(path, f"Should NOT have more than {_MAX_METRICS} items")
    for place, metric in enumerate(metrics):
        yield from _metric_array(metric, f"{path}/{place}")


def _metric_array(metric: object, path: str) -> Iterator[BodyMessage]:
    if not isinstance(metric, list):
        yield BodyMessage(path, "Should be array")
        yield BodyMessage(path, _METRIC_FORM)
        return
    renderer = metric[-1] if metric and isinstance(metric[-1], dict) else None
    fields = metric if renderer is None else metric[:-1]
    for place, field in enumerate(fields):
        if not isinstance(field, str):
            yield BodyMessage(f"{path}/{place}", 'Invalid metric field type, only "String" type is allowed')
    if renderer is not None and "expression" in renderer and not fields:
        return
    if _REPEAT in fields:  # repeats the fields of the metric above, and may be the only field
        return
    if len(fields) < 2:  # noqa: PLR2004  namespace and name
        yield BodyMessage(path, "Should NOT have less than 2 items")
    elif len(fields) % 2:
        yield BodyMessage(path, f"Should NOT have more than {len(metric) - 1} items")


def _text_widget(properties: Properties, path: str) -> Iterator[BodyMessage]:
    yield from _check_required(("markdown",), properties, path)
    yield from _text(properties, "markdown", path)


def _alarm(properties: Properties, path: str) -> Iterator[BodyMessage]:
    yield from _check_required(("alarms",), properties, path)
    alarms = properties.get("alarms", ["one"])
    if not isinstance(alarms, list):
        yield BodyMessage(f"{path}/alarms", "Should be array")
    elif not alarms:
        yield BodyMessage(f"{path}/alarms", "Should NOT have less than 1 items")
    elif not all(isinstance(one, str) for one in alarms):
        yield BodyMessage(f"{path}/alarms", "Should be array of strings")


def _check_required(names: Sequence[str], properties: Properties, path: str) -> Iterator[BodyMessage]:
    for name in names:
        if name not in properties:
            yield BodyMessage(path, f"Should have required property '{name}'")


def _text(properties: Properties, name: str, path: str) -> Iterator[BodyMessage]:
    if not isinstance(properties.get(name, ""), str):
        yield BodyMessage(f"{path}/{name}", "Should be string")


_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "metric": _metric,
        "text": _text_widget,
        "alarm": _alarm,
        "log": partial(_check_required, ("query", "region")),
        "custom": partial(_check_required, ("endpoint",)),
        "explorer": partial(_check_required, ("metrics",)),
        "trace": partial(_check_required, ()),
        "chart": partial(_check_required, ()),
    }
)
