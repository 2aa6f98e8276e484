"""The account and region that a request speaks for. Nothing is shared between two scopes."""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import AccountId, Region


class Scope(msgspec.Struct, frozen=True, order=True):
    """One account in one region, taken from the credential scope of a request's signature."""

    account: AccountId
    region: Region
