"""The account and region that a request speaks for. Nothing is shared between two scopes."""

from __future__ import annotations

import re

import msgspec

from moyai.kernel.ids import AccountId, Region

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")


class Scope(msgspec.Struct, frozen=True, order=True):
    """One account in one region, taken from the credential scope of a request's signature."""

    account: AccountId
    region: Region


DEFAULT_SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
"""Whose a request is that names nobody."""


def is_account(text: str) -> bool:
    """Twelve digits."""
    return _ACCOUNT.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """What can be the name of a region; any that a client makes up will do."""
    return _REGION.fullmatch(text) is not None
