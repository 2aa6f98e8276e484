"""OpenID Connect tokens of AssumeRoleWithWebIdentity: a caller's identity as its provider states it.

Promise: a token that is no JSON Web Token, lacks a claim, or has expired is rejected with AWS's error. Its
signature is not verified: there are no identity providers here, and whoever may send the request unsigned may do
everything.
Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html, RFC 7519
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Final

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import ClientFault

_PARTS: Final = 3
_NO_JWT: Final = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


class InvalidIdentityToken(ClientFault, code="InvalidIdentityToken"):
    """The text is no token, or its issuer is unknown here."""


class ExpiredIdentityToken(ClientFault, code="ExpiredTokenException"):
    """The token's time is over."""


class _TokenClaims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float


class WebIdentity(msgspec.Struct, frozen=True):
    """The identity in a token."""

    issuer: str
    subject: str
    audience: str


_READER: Final = msgspec.json.Decoder(_TokenClaims)


def read_token(token: str, now: Instant) -> WebIdentity:
    """The identity in a token. Raises InvalidIdentityToken, ExpiredIdentityToken."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise InvalidIdentityToken(_NO_JWT)
    try:
        claims = _READER.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, msgspec.MsgspecError) as error:  # no ASCII, no base64, no UTF-8, no JSON
        raise InvalidIdentityToken(_NO_JWT) from error
    if claims.exp <= now:
        raise ExpiredIdentityToken(
            f"Token expired: current date/time {int(now)} must be before the expiration date/time {int(claims.exp)}"
        )
    audience = claims.aud if isinstance(claims.aud, str) else ",".join(claims.aud)
    return WebIdentity(claims.iss.removeprefix("https://"), claims.sub, audience)
