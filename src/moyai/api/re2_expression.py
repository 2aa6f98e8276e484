"""Checks regular expressions with RE2, the engine that Envoy matches with.

Promise: Envoy accepts every expression that is accepted here: RE2's syntax (no look-around, no back-references) over
bytes, and a compiled size of at most 100 instructions, Envoy's default, or of the limit that the caller has set in
Envoy (``re2.max_program_size.error_level``). Source: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

from typing import Any, Final

import re2

LARGEST: Final = 100
"""Instructions of a compiled expression."""


def expression_fault(text: str, largest: int = LARGEST) -> str | None:
    """The fault of the expression, in one sentence; None if Envoy accepts it."""
    try:
        size = _compile(text).programsize
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        reason_text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return f"{text[:100]!r} is not an expression of RE2: {reason_text}."
    if size > largest:
        return f"the expression compiles to {size} instructions, and Envoy accepts {largest}. Use smaller counts in it."
    return None


def group_count(text: str) -> int:
    """How many groups a valid expression captures."""
    return int(_compile(text).groups)


def _compile(text: str) -> Any:  # noqa: ANN401 (re2 has no types)
    """The compiled expression. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(text.encode(), options)
