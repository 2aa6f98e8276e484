"""Access to the registry: basic authentication with a token of GetAuthorizationToken.

Promise: where requests need access keys, a token is valid for its registry, until it expires or the key that it was
made with is revoked. Where they need none (development, on loopback), any credentials or none are accepted, but a token
of another registry is refused, because its owner expects the images there.
Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry_auth_http
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

from moyai.api.registry.errors import RegistryError
from moyai.api.sigv4 import KeyStore
from moyai.api.wire.http import HttpRequest
from moyai.domain.ecr.registry_host import registry_host
from moyai.domain.ecr.token import RegistryAccess, access_in
from moyai.domain.sts.session import SessionRoot
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

_CHALLENGE: Final = MappingProxyType({"www-authenticate": 'Basic realm="moyai",service="ecr.amazonaws.com"'})
_LOGIN_COMMAND: Final = "aws ecr get-login-password | docker login --username AWS --password-stdin HOST"


def check_access(
    request: HttpRequest, registry: Scope, root: SessionRoot | None, keys: KeyStore | None, now: Instant
) -> RegistryAccess | None:
    """The contents of the caller's token, if there is a genuine one. Raises RegistryError.

    ``keys``: None accepts callers without credentials.
    """
    password = _password(request)
    access = None if password is None or root is None else access_in(root, password)
    if access is not None and access.scope != registry:
        host = registry_host(access.scope, request.headers.get("host", ""))
        message = (
            f"The token is for the registry of account {access.scope.account} in {access.scope.region}, at {host}; "
            f"this is the one of account {registry.account} in {registry.region}."
        )
        raise RegistryError("DENIED", 403, message)
    if keys is None:
        return access
    if access is None or keys.secret(access.access_key) is None:
        raise RegistryError("UNAUTHORIZED", 401, f"Not Authorized. Log in: {_LOGIN_COMMAND}", _CHALLENGE)
    if now >= access.expires:
        raise RegistryError("DENIED", 403, "Your authorization token has expired. Reauthenticate and try again.")
    return access


def _password(request: HttpRequest) -> str | None:
    """The password of basic authentication, or the token in the URL of a layer."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return parse_qs(request.query).get("token", [None])[0] if request.method in {"GET", "HEAD"} else None
    try:
        return b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
