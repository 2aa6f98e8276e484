"""Where certificates of Certificate Manager are kept."""

from __future__ import annotations

from moyai.domain.acm.certificate import ManagedCertificate
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.table import Table


def managed_certificates() -> Table[ManagedCertificate]:
    """By scope and by the authority that signs."""
    return Table(
        {
            "scope": lambda c: (scope_key(scope_of(c.arn)),),
            "authority": lambda c: () if c.authority is None else (c.authority,),
        }
    )
