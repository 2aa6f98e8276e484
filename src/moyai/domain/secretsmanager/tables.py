"""Where secrets are kept."""

from __future__ import annotations

from moyai.domain.keys import named_key, scope_key, scope_of
from moyai.domain.secretsmanager.secret import ManagedSecret
from moyai.domain.table import Table


def secrets() -> Table[ManagedSecret]:
    """By scope, and by scope and name: a name may be used again once its secret can't be restored any more."""
    return Table(
        {
            "scope": lambda s: (scope_key(scope_of(s.arn)),),
            "name": lambda s: (named_key(scope_of(s.arn), s.name),),
        }
    )
