"""Where parameters are kept."""

from __future__ import annotations

from moyai.domain.keys import scope_key, scope_of
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.table import Table


def parameters() -> Table[Parameter]:
    """By scope."""
    return Table({"scope": lambda p: (scope_key(scope_of(p.arn)),)})
