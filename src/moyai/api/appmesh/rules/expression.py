"""Regular expressions, judged by the engine that Envoy matches with.

Promise: what is taken here, every Envoy takes that hasn't been told otherwise: RE2's syntax (no look-around, no
back-references) over bytes, and a compiled size of at most 100 instructions, which is Envoy's own limit
(``re2.max_program_size.error_level``). Source: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

from typing import Final

import re2

from moyai.api.appmesh.rules.text import Faults, printable

LARGEST: Final = 100
"""Instructions."""


def expression(where: str, text: str) -> Faults:
    """Faults of a logging format's expression."""
    unprintable = list(printable(where, text))
    if unprintable:
        yield from unprintable
        return
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    try:
        size = re2.compile(text.encode(), options).programsize
    except re2.error as error:
        said = error.args[0] if error.args else b""
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        yield f"{where}: {text[:100]!r} is not an expression of RE2: {why}."
        return
    if size > LARGEST:
        yield f"{where}: the expression makes {size} instructions, and Envoy takes {LARGEST}. Count less in it."
