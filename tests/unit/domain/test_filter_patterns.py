"""Filter patterns: what passes and what is refused."""

from __future__ import annotations

import pytest

from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.pattern import compiled

EVENT = '{"level": "error", "ms": 12.5, "ok": true, "gone": null, "list": [{"a": 1}, 2], "a b": "x", "n": 0, "s": "12"}'


@pytest.mark.parametrize(
    ("pattern", "message", "passes"),
    [
        ("", "anything", True),
        ("  ", "anything", True),
        ("ERROR", "[ERROR] x", True),
        ("ERROR", "error", False),
        ("ERROR 400", "400 is an ERROR", True),
        ("ERROR 400", "ERROR", False),
        ('"two words"', "some two words here", True),
        ('"two words"', "two  words", False),
        (r'"a \"b\" \\c"', r'a "b" \c', True),
        ("ERROR -400", "ERROR 401", True),
        ("ERROR -400", "ERROR 400", False),
        ('-"not this"', "this", True),
        ('-"not this"', "not this", False),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "INFO", False),
        ("?ERROR needed", "only needed", True),
        ("a-b", "x a-b y", True),
        ('""', "anything", True),
        ('{ $.level = "error" }', EVENT, True),
        ("{ $.level = error }", EVENT, True),
        ('{ $.level = "err*" }', EVENT, True),
        ('{ $.level = "*r*o*" }', EVENT, True),
        ('{ $.level = "*x*" }', EVENT, False),
        ('{ $.level != "error" }', EVENT, False),
        ('{ $.none != "error" }', EVENT, False),
        ("{ $.ms > 12 }", EVENT, True),
        ("{ $.ms>=12.5 }", EVENT, True),
        ("{ $.ms < 1.2e1 }", EVENT, False),
        ("{ $.n = 0 }", EVENT, True),
        ("{ $.ok = 1 }", EVENT, False),
        ("{ $.s = 12 }", EVENT, False),
        ('{ $.s = "12" }', EVENT, True),
        ("{ $.ok IS TRUE }", EVENT, True),
        ("{ $.ok is false }", EVENT, False),
        ("{ $.gone IS NULL }", EVENT, True),
        ("{ $.none IS NULL }", EVENT, False),
        ("{ $.none NOT EXISTS }", EVENT, True),
        ("{ $.gone EXISTS }", EVENT, True),
        ("{ $.list[0].a = 1 && $.list[1] = 2 }", EVENT, True),
        ("{ $.list[9] = 2 }", EVENT, False),
        ("{ $['a b'] = x }", EVENT, True),
        ('{ $.ms > 99 || $.n = 0 && $.level = "error" }', EVENT, True),
        ('{ ($.ms > 99 || $.n = 0) && $.level = "info" }', EVENT, False),
        ("{ $.a = 1 }", "no json", False),
        ("{ $.a = 1 }", "[1]", False),
        ("{ $.a = 1 }", "[" * 100_000, False),
    ],
)
def test_passes(pattern, message, passes):
    assert compiled(pattern)(message) is passes


@pytest.mark.parametrize(
    "pattern",
    [
        '"open',
        "a(b",
        "-",
        "?",
        "a ?",
        "[a, b]",
        "%x%",
        "{",
        "{}",
        "{ $.a }",
        "{ $.a = }",
        "{ $.a = 1",
        "{ $.a = 1 } x",
        "{ $.a == 1 }",
        '{ $.a > "x" }',
        "{ $.a > x }",
        "{ a = 1 }",
        "{ $.a = 1 & $.b = 2 }",
        "{ $.a = %x% }",
        "{ $.a[*] = 1 }",
        "{ $.a IS MAYBE }",
        "{ $.a NOT }",
        "{ " + "(" * 30 + "$.a = 1" + ")" * 30 + " }",
        "{ ($.a = 1 }",
        "\x00 {",
    ],
)
def test_is_refused(pattern):
    with pytest.raises(InvalidParameter, match="Invalid filter pattern"):
        compiled(pattern)
