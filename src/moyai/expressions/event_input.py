"""What a target of an EventBridge rule gets: the event, a part of it, a constant, or a template with values of it.

Promise: a value in a template is written as text where the template has it in quotes, and as JSON elsewhere, as AWS
does.
Refuses: paths with filters, slices or wildcards.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from moyai.domain.eventbridge.errors import InvalidEventRequest
from moyai.domain.eventbridge.rule import InputTransformer, RuleTarget
from moyai.kernel.ids import EventRuleArn

_STEP: Final = re.compile(r"\.([^.\[\]'\"*?()]+)|\['([^']+)'\]|\[(\d{1,9})\]")
_PLACEHOLDER: Final = re.compile(r"<([A-Za-z0-9_.-]{1,256})>")
_LONGEST: Final = 256 * 1024


def parse_event_path(path: str) -> Sequence[str | int]:
    """The steps of a path such as ``$.detail.containers[0].name``. Raises InvalidEventRequest."""
    steps: list[str | int] = []
    position = 1
    while path.startswith("$") and position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            break
        steps.append(int(step[3]) if step[3] is not None else step[1] or step[2])
        position = step.end()
    if not path.startswith("$") or position < len(path):
        raise InvalidEventRequest(f"Invalid JSONPath {path[:100]}: moyai reads $ with .name, ['name'] and [index].")
    return steps


def target_input(target: RuleTarget, rule: EventRuleArn, event_text: str) -> str:
    """The text that the target gets."""
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        return _json(_value_at(msgspec.json.decode(event_text), target.input_path))
    if target.input_transformer is not None:
        return _transform(target.input_transformer, rule, event_text)
    return event_text


def _transform(transformer: InputTransformer, rule: EventRuleArn, event_text: str) -> str:
    event = msgspec.json.decode(event_text)
    values: dict[str, Any] = {name: _value_at(event, path) for name, path in transformer.input_paths_map.items()}
    values |= {
        "aws.events.rule-arn": rule,
        "aws.events.rule-name": rule.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    return _fill(transformer.input_template, values)


def _fill(template: str, values: Mapping[str, Any]) -> str:
    """The template with its values; what is no placeholder stays."""
    parts: list[str] = []
    position, is_quoted, size = 0, False, len(template)
    for placeholder in _PLACEHOLDER.finditer(template):
        if placeholder[1] not in values:
            continue
        before = template[position : placeholder.start()]
        is_quoted ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        value = values[placeholder[1]]
        text = _json(value if isinstance(value, str) or not is_quoted else _json(value))
        text = text[1:-1] if is_quoted else text
        size += len(text)
        if size > _LONGEST:
            raise InvalidEventRequest(f"The transformed input is larger than {_LONGEST} bytes.")
        parts += [before, text]
        position = placeholder.end()
    return "".join([*parts, template[position:]])


def _value_at(event: Any, path: str) -> Any:  # noqa: ANN401  (JSON)
    """The value that a path leads to; None where it leads nowhere."""
    value = event
    for step in parse_event_path(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _json(value: Any) -> str:  # noqa: ANN401  (JSON)
    return msgspec.json.encode(value).decode()
