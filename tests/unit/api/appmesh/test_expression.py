"""Expressions: taken when Envoy takes them, and as large as Envoy counts them."""

from __future__ import annotations

import pytest

from moyai.api.appmesh.rules.matches import expression
from moyai.api.re2_expression import LARGEST
from tests.unit.api.appmesh.envoy import refusal

TAKEN = [
    "a.*",
    ".{48}",
    "[a-z]{96}",
    r"\w{32}",
    r"\pL{12}",
    "(?i)abcdefghij{50}",
    "[^é]{3}",
    "店?",
    r"\Qa.b\E+",
    "[]a]",
    "[[:alpha:]]",
    "(?P<n>a)(?<m>b)",
    "a{,3}",
    r"^/a(/.*)?$",
    "|",
]
REFUSED = [
    ".{49}",
    "[a-z]{97}",
    r"\w{33}",
    "(?=a)",
    "(?<!a)b",
    r"(a)\1",
    "a**",
    "a++",
    "a{1001}",
    "(((a{100}){100}){100})",
    "(",
    "*a",
    "[z-a]",
    "[[:foo:]]",
    r"\Z",
    r"\é",
    "a\n",
    "",
]


def route(text):
    return {"match": {"safe_regex": {"regex": text}}, "direct_response": {"status": 200}}


@pytest.mark.parametrize("text", TAKEN)
def test_valid_expressions_are_accepted(text):
    assert list(expression("here", text)) == []


@pytest.mark.parametrize("text", REFUSED)
def test_invalid_expressions_are_refused(text):
    (fault,) = expression("here", text)
    assert fault.startswith("here: ")


def test_envoy_accepts_accepted_expressions(tmp_path):
    assert refusal(tmp_path, routes=[route(text) for text in TAKEN]) == ""


@pytest.mark.parametrize("text", [text for text in REFUSED if text and text.isprintable()])
def test_envoy_refuses_refused_expressions(tmp_path, text):
    assert refusal(tmp_path, routes=[route(text)]) != ""


@pytest.mark.parametrize(("text", "size"), [(".{49}", 102), ("[a-z]{97}", 101), (r"\w{33}", 103), (r"\pL{100}", 704)])
def test_the_program_size_equals_envoys(tmp_path, text, size):
    assert list(expression("here", text)) == [
        f"here: the expression compiles to {size} instructions, and Envoy accepts {LARGEST}. Use smaller counts in it."
    ]
    assert f"RE2 program size of {size} > max program size of {LARGEST}" in refusal(tmp_path, routes=[route(text)])
