"""Regular expressions of logging formats and matches.

Promise: what is accepted here is printable, and every Envoy accepts it.
"""

from __future__ import annotations

from moyai.api.appmesh.rules.text import Faults, printable
from moyai.api.re2_expression import expression_fault


def expression(where: str, text: str) -> Faults:
    """Faults of a logging format's expression."""
    unprintable = list(printable(where, text))
    if unprintable:
        yield from unprintable
        return
    fault = expression_fault(text)
    if fault is not None:
        yield f"{where}: {fault}"
