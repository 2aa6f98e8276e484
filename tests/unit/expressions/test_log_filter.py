"""Filter patterns: what passes and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.logs.errors import InvalidParameter
from moyai.expressions.log_filter.pattern import compile_filter_pattern

EVENT = '{"level": "error", "ms": 12.5, "ok": true, "gone": null, "list": [{"a": 1}, 2], "a b": "x", "n": 0, "s": "12"}'
LINE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


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
        ("{ $.ms = * }", EVENT, True),
        ("{ $.ms = 12* }", EVENT, True),
        ("{ $.ms != 12* }", EVENT, False),
        ('{ $.ms = "*" }', EVENT, False),
        ("{ $.ms = %^12% }", EVENT, True),
        ("{ $.level = * && $.n = * }", EVENT, True),
        ("{ $.ok = * || $.gone = * || $.none = * || $.list = * }", EVENT, False),
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
        ("{ $.level = %^e.*r$% }", EVENT, True),
        ("{ $.level != %rr% || $.s = %^[0-9]{2}$% }", EVENT, True),
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("%^[hc]at%", "that cat", False),
        ("%[hc]at$%", "that cat", True),
        ("%colou?r%", "color", True),
        (r"%10\.10\.0\.1%", "10.1000.1", False),
        (r"%\d{1,3}\.\d{1,3}%", "at 10.20 h", True),
        ("%a{3,5}%", "xaay", False),
        ("%gray|grey%", "a grey one", True),
        (r"%\[ERROR\x5d\s\W%", "[ERROR] !", True),
        ("%[^a-c]%", "abcé", True),
        ("%[^a-c]%", "abc", False),
        ("[ip, user, name, time, request = *.html*, status = 4*, bytes]", LINE, True),
        ("[ip, user, name, time, request = *.html*, status = 5*, bytes]", LINE, False),
        ("[..., status = 404 || status = 410, bytes]", LINE, True),
        ("[ip = %^127% && ip != 127.0.0.2, ...]", LINE, True),
        ("[ip, ..., bytes > 1534]", LINE, False),
        ("[ip, ..., bytes >= 1534.0]", LINE, True),
        ('[ip, user, name, time = "10/Oct/2000:13:25:15 -0700", ...]', LINE, True),
        ("[ip, user, name, time, request, status, bytes, more]", LINE, False),
        ("[w1=ERROR, w2]", "ERROR 401 and more", True),
        ("[w1!=ERROR&&w1!=WARN, w2]", "INFO 200", True),
        ("[w1!=ERROR&&w1!=WARN, w2]", "WARN 200", False),
        ("[w1 != 5, ...]", "five", True),
        ("[...]", "", True),
        ("{ $.a = 1 }", "no json", False),
        ("{ $.a = 1 }", "[1]", False),
        ("{ $.a = 1 }", "[" * 100_000, False),
    ],
)
def test_matching_events_pass(pattern, message, passes):
    assert compile_filter_pattern(pattern)(message) is passes


@pytest.mark.parametrize(
    "pattern",
    [
        '"open',
        "a(b",
        "-",
        "?",
        "a ?",
        "%(x)%",
        "%x!%",
        "%é%",
        "%%",
        "%x% y",
        "%a{3,2}%",
        "%[z-a]%",
        "%[a%",
        "%a|%",
        "%*a%",
        "%a\\%",
        "%a{900}%",
        r"%\q%",
        r"%\x99%",
        "[a, b",
        "[a, ..., b, ...]",
        "[a = 1 & a = 2]",
        "[a = 1 && b = 2]",
        "[a > x]",
        "[1a]",
        "[a == 1]",
        "[a = %(%]",
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
        "{ $.a = %(x)% }",
        "{ $.a > %x% }",
        "{ $.a[*] = 1 }",
        "{ $.a IS MAYBE }",
        "{ $.a NOT }",
        "{ " + "(" * 30 + "$.a = 1" + ")" * 30 + " }",
        "{ ($.a = 1 }",
        "\x00 {",
    ],
)
def test_invalid_patterns_are_refused(pattern):
    with pytest.raises(InvalidParameter, match="Invalid filter pattern"):
        compile_filter_pattern(pattern)


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[a-c]", r"\\w", r"\\d", r"\\x61", "1"])
counts = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,}", "{0,2}"])
parts = st.lists(st.builds("{}{}".format, atoms, counts), min_size=1, max_size=4).map("".join)
expressions = st.lists(
    st.builds("{}{}{}".format, st.sampled_from(["", "^"]), parts, st.sampled_from(["", "$"])), min_size=1, max_size=3
).map("|".join)


@given(expression=expressions, text=st.text("abc1é", max_size=6))
def test_regular_expressions_match_like_pythons(expression, text):
    meant = re.compile(expression.replace("$", r"\Z"), re.ASCII | re.DOTALL)
    assert compile_filter_pattern(f"%{expression}%")(text) is (meant.search(text) is not None)


def test_no_regular_expression_is_slow():
    """A pattern that keeps a backtracking engine busy for longer than there is time."""
    for expression in ("a*" * 20 + "b", "a+a+a+a+c|b+b+b+b+c", "[ab]*a[ab]{200}c", ".*.*.*.*=.*"):
        assert compile_filter_pattern(f"%{expression}%")("aac" * 5_000) is False
