"""GetAuthorizationToken and DescribeRegistry.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
"""

from __future__ import annotations

from base64 import b64encode

import msgspec

from moyai.api.ecr.lookup import check_registry
from moyai.api.operation import Context
from moyai.domain.ecr.registry_host import registry_host
from moyai.domain.ecr.token import LIFETIME, USER, RegistryAccess, issue_token
from moyai.kernel.clock import later
from moyai.kernel.errors import ServerFault


class GetAuthorizationTokenRequest(msgspec.Struct, frozen=True):
    registry_ids: tuple[str, ...] = ()


class DescribeRegistryRequest(msgspec.Struct, frozen=True):
    """Input of DescribeRegistry: none."""


def get_authorization_token(ctx: Context, request: GetAuthorizationTokenRequest) -> dict[str, object]:
    """A password for the caller's registry, as basic authentication sends it, and where to send it."""
    for registry in request.registry_ids:
        check_registry(ctx, registry)
    expires = later(ctx.now, LIFETIME)
    data = {
        "authorization_token": b64encode(f"{USER}:{registry_token(ctx, expires)}".encode()).decode(),
        "expires_at": expires,
        "proxy_endpoint": f"http://{registry_host(ctx.scope, ctx.host)}",
    }
    return {"authorization_data": [data] * max(len(set(request.registry_ids)), 1)}


def describe_registry(ctx: Context, request: DescribeRegistryRequest) -> dict[str, object]:  # noqa: ARG001 (it has no members)
    """The registry's id; nothing is replicated."""
    return {"registry_id": ctx.scope.account, "replication_configuration": {"rules": []}}


def registry_token(ctx: Context, expires: float) -> str:
    """A token for the caller's registry that is valid until this time."""
    root = ctx.store.world.session_root
    if root is None:
        raise ServerFault("The installation has no secret for tokens yet; try again.")
    return issue_token(root, RegistryAccess(ctx.scope, ctx.access_key, int(expires)))
