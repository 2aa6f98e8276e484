"""The account and region of a request. Scopes share nothing."""

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
"""The scope of a request without credentials."""


def is_account(text: str) -> bool:
    """Whether the text is an account id: twelve digits."""
    return _ACCOUNT.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether the text can be the name of a region; it need not be one of AWS's."""
    return _REGION.fullmatch(text) is not None
