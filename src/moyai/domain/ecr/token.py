"""Authorization tokens of Amazon ECR: the password of the user ``AWS``.

Promise: a token says whose registry it opens, by whose access key it was made, and until when. It can't be made or
changed without the installation's secret, so none is stored.
Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.domain.sts.session import SessionRoot, seal, unseal
from moyai.kernel.scope import Scope

USER: Final = "AWS"
LIFETIME: Final = 12 * 3600.0
"""The seconds for which a token is valid."""
_USE: Final = "ecr"


class RegistryAccess(msgspec.Struct, frozen=True, array_like=True):
    """The contents of a token. ``expires``: seconds since the epoch."""

    scope: Scope
    access_key: str
    """The access key of the caller who got the token; empty if the request was not signed."""
    expires: int


_READER = msgspec.json.Decoder(RegistryAccess)


def issue_token(root: SessionRoot, access: RegistryAccess) -> str:
    """The token with these contents."""
    return seal(root, _USE, msgspec.json.encode(access))


def access_in(root: SessionRoot, token: str) -> RegistryAccess | None:
    """The contents of a token; None if it is not genuine."""
    payload = unseal(root, _USE, token)
    try:
        return None if payload is None else _READER.decode(payload)
    except msgspec.MsgspecError:
        return None
