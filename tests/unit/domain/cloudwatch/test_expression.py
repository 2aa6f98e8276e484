"""Arithmetic on metrics."""

from __future__ import annotations

import pytest

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.expression import calculate
from moyai.kernel.clock import Instant

KNOWN = {"m1": {Instant(0): 6.0, Instant(60): 8.0}, "m2": {Instant(60): 2.0, Instant(120): 0.0}}


def resolve(name):
    if name not in KNOWN:
        raise ValidationFault(f"no {name}")
    return KNOWN[name]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1", {0: 6, 60: 8}),
        ("m1 + m2", {60: 10}),
        ("m1 - m2 * 3", {60: 2}),
        ("(m1 - m2) * 3", {60: 18}),
        ("100 * m1 / (m1 + m2)", {60: 80}),
        ("m1 / m2", {60: 4}),
        ("1 / m2", {60: 0.5}),
        ("-m1 + .5", {0: -5.5, 60: -7.5}),
        ("2 * 3 + m1", {0: 12, 60: 14}),
        ("  m1  ", {0: 6, 60: 8}),
        ("8 - 2 - m1", {0: 0, 60: -2}),
    ],
)
def test_values(expression, expected):
    assert calculate(expression, resolve) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("SUM(METRICS())", "function SUM"),
        ("FILL(m1, 0)", "function FILL"),
        ("m1 > 3", "'>'"),
        ("m1 m2", "operator is due"),
        ("m1 +", "nothing"),
        ("(m1", r"lacks a '\)'"),
        ("", "nothing"),
        ("1 + 2", "must have a metric"),
        ("1 / 0 + m1", "divides by zero"),
        ("m9", "no m9"),
        ("(" * 2000 + "m1", "deeper than 50"),
        ("-" * 2000 + "m1", "deeper than 50"),
        ("SELECT AVG(x) FROM y", "no SELECT"),
    ],
)
def test_what_is_refused(expression, message):
    with pytest.raises(ValidationFault, match=message):
        calculate(expression, resolve)
