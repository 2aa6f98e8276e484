"""Filter patterns: which messages pass.

Promise: terms (``ERROR``, ``"two words"``, ``-not this``, ``?any ?of these``) and conditions on JSON
(``{ $.level = "error" && $.ms > 5 }``, see ``json_pattern``). Case matters, a term is found anywhere in the message,
and terms with ``?`` count only where there are no others, as in AWS.
One regular expression (``%…%``, see ``expression``), or conditions on columns (``[…]``, see ``column_pattern``).
Refuses, with InvalidParameter: what it does not understand.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from moyai.domain.logs import column_pattern, json_pattern
from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.expression import searched

Passes = Callable[[str], bool]
"""Whether a message passes."""

_TERM: Final = re.compile(
    r'\s*(?P<mark>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>(?![-?])[^\s"\\?(){}\[\]%]+))(?=\s|$)'
)
_ESCAPED: Final = re.compile(r"\\(.)")


def compiled(pattern: str) -> Passes:
    """The test that a pattern means; one of blanks only lets everything pass. Raises InvalidParameter."""
    text = pattern.strip()
    if text.startswith("{"):
        return json_pattern.compiled(text)
    if text.startswith("["):
        return column_pattern.compiled(text)
    if text.startswith("%") and text.endswith("%") and "%" not in text[1:-1] and len(text) > len("%%"):
        return searched(text[1:-1])
    return _terms(text)


def _terms(text: str) -> Passes:
    needed: list[str] = []
    excluded: list[str] = []
    optional: list[str] = []
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if found is None:
            raise InvalidParameter(f"Invalid filter pattern: it can't be understood from {text[position:][:50]!r} on.")
        position = found.end()
        term = found["word"] if found["phrase"] is None else _ESCAPED.sub(r"\1", found["phrase"])
        if not term:
            if found["mark"]:
                raise InvalidParameter("Invalid filter pattern: an empty term.")
            continue
        {"": needed, "-": excluded, "?": optional}[found["mark"]].append(term)
    if needed or excluded:
        return lambda message: all(t in message for t in needed) and not any(t in message for t in excluded)
    return lambda message: not optional or any(t in message for t in optional)
