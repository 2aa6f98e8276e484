"""Random passwords.

Promise: every character is drawn from all allowed ones with equal probability, after one of each required kind.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
"""

from __future__ import annotations

import string

import msgspec

from moyai.api.operation import Context
from moyai.domain.secretsmanager.errors import InvalidParameter
from moyai.kernel.ids import Ids

_RANDOM_DIGITS = 16
"""Hexadecimal digits behind each choice, so many that the remainder favours no character noticeably."""


class GetRandomPasswordRequest(msgspec.Struct, frozen=True):
    password_length: int = 32
    exclude_characters: str = ""
    exclude_numbers: bool = False
    exclude_punctuation: bool = False
    exclude_uppercase: bool = False
    exclude_lowercase: bool = False
    include_space: bool = False
    require_each_included_type: bool = True


def get_random_password(ctx: Context, request: GetRandomPasswordRequest) -> dict[str, str]:
    """A password, which is not stored anywhere."""
    kinds = [
        "".join(c for c in characters if c not in request.exclude_characters)
        for characters, is_included in (
            (string.ascii_lowercase, not request.exclude_lowercase),
            (string.ascii_uppercase, not request.exclude_uppercase),
            (string.digits, not request.exclude_numbers),
            (string.punctuation, not request.exclude_punctuation),
            (" ", request.include_space),
        )
        if is_included
    ]
    required = [kind for kind in kinds if kind] if request.require_each_included_type else []
    allowed = "".join(kinds)
    if not allowed:
        raise InvalidParameter("The exclusion parameters leave no character for the password.")
    if request.password_length < len(required):
        raise InvalidParameter("Password length is too short based on the required types.")
    drawn = [_choose(ctx.ids, kind) for kind in required]
    drawn += [_choose(ctx.ids, allowed) for _ in range(request.password_length - len(drawn))]
    return {"random_password": "".join(_shuffle(ctx.ids, drawn))}


def _choose(ids: Ids, characters: str) -> str:
    return characters[_below(ids, len(characters))]


def _shuffle(ids: Ids, characters: list[str]) -> list[str]:
    shuffled = list(characters)
    for last in range(len(shuffled) - 1, 0, -1):
        other = _below(ids, last + 1)
        shuffled[last], shuffled[other] = shuffled[other], shuffled[last]
    return shuffled


def _below(ids: Ids, bound: int) -> int:
    return int(ids.hex(_RANDOM_DIGITS), 16) % bound
