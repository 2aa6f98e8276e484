"""Regular expressions, judged by the engine that Envoy matches with.

Promise: Envoy accepts what is accepted here: RE2's syntax (no look-around, no back-references) over bytes, and a
compiled size of at most 100 instructions, which is Envoy's own limit, or another that the caller has raised
(``re2.max_program_size.error_level``). Source: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

from typing import Any, Final

import re2

LARGEST: Final = 100
"""Instructions."""


def expression_fault(text: str, largest: int = LARGEST) -> str | None:
    """The fault of the expression, in one sentence; None if Envoy accepts it."""
    try:
        size = _compile(text).programsize
    except re2.error as error:
        said = error.args[0] if error.args else b""
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"{text[:100]!r} is not an expression of RE2: {why}."
    if size > largest:
        return f"the expression makes {size} instructions, and Envoy takes {largest}. Count less in it."
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
