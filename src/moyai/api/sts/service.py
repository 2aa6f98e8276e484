"""The operations of the Security Token Service: who the caller is, and temporary credentials.

Promise: the API gateway verifies signatures with the credentials that are issued here, and takes the account from them.
They are derived and not stored, so they survive a restart, and expire; they are void once the access key of the first
caller is revoked, and credentials that a session requests end with the session. Whether a role exists, and whom it
trusts, is not looked at: there are no IAM policies here. A task assumes roles of its own account alone.
Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from moyai.api.operation import ApiOperation, ApiService, Context, operations
from moyai.domain.sts.identity import InvalidIdentityToken, read_token
from moyai.domain.sts.session import Claims, assumed_role_arn, issue, role_id
from moyai.kernel.errors import AccessDenied, InvalidInput
from moyai.kernel.ids import TaskArn
from moyai.kernel.scope import is_account

_HOUR: Final = 3600
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/[\x21-\x7e]{1,512}")
_NO_POLICIES: Final = "there are no IAM policies here"
_OWN_LENGTH: Final = "a session token is as long as its contents"
_NO_DEVICES: Final = "there are no MFA devices here"
_NO_ASSERTIONS: Final = "no assertion is accepted: there are no SAML providers here"


class GetCallerIdentityRequest(msgspec.Struct, frozen=True):
    """Input of GetCallerIdentity, which is empty."""


def get_caller_identity(ctx: Context, request: GetCallerIdentityRequest) -> dict[str, object]:
    """The caller's account and ARN; the user id is the access key's, or the account's for an unsigned request."""
    del request
    return {"user_id": ctx.user_id, "account": ctx.scope.account, "arn": ctx.principal}


class SessionTag(msgspec.Struct, frozen=True):
    """A tag of a session, which only policies could read."""

    key: str
    value: str


class AssumeRoleRequest(msgspec.Struct, frozen=True):
    role_arn: str
    role_session_name: str
    duration_seconds: int = _HOUR
    external_id: str | None = None
    source_identity: str | None = None
    tags: tuple[SessionTag, ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()


def assume_role(ctx: Context, request: AssumeRoleRequest) -> dict[str, object]:
    """Keys of a role's session. Members that only policies could read (tags, an external id) have no effect."""
    output = _session_of_role(ctx, request.role_arn, request.role_session_name, request.duration_seconds)
    return output if request.source_identity is None else {**output, "source_identity": request.source_identity}


class AssumeRoleWithWebIdentityRequest(msgspec.Struct, frozen=True):
    role_arn: str
    role_session_name: str
    web_identity_token: str
    provider_id: str | None = None
    duration_seconds: int = _HOUR


def assume_role_with_web_identity(ctx: Context, request: AssumeRoleWithWebIdentityRequest) -> dict[str, object]:
    """Keys of a role's session for the bearer of an OpenID Connect token. SDKs send it without a signature, so it is
    answered where unsigned requests are; no provider's key is looked up.
    """
    identity = read_token(request.web_identity_token, ctx.now)
    output = _session_of_role(ctx, request.role_arn, request.role_session_name, request.duration_seconds)
    return {
        **output,
        "subject_from_web_identity_token": identity.subject,
        "audience": identity.audience,
        "provider": request.provider_id or identity.issuer,
    }


class AssumeRoleWithSAMLRequest(msgspec.Struct, frozen=True):
    role_arn: str
    principal_arn: str
    saml_assertion: str


def _assume_role_with_saml(ctx: Context, request: AssumeRoleWithSAMLRequest) -> dict[str, object]:
    """Raises InvalidIdentityToken: no identity provider of this account signs assertions."""
    del ctx
    raise InvalidIdentityToken(
        f"Specified provider doesn't exist: {request.principal_arn}. moyai has no SAML providers"
    )


class GetSessionTokenRequest(msgspec.Struct, frozen=True):
    duration_seconds: int = 12 * _HOUR


def get_session_token(ctx: Context, request: GetSessionTokenRequest) -> dict[str, object]:
    """Temporary keys with the rights of the caller's own."""
    if ctx.session is not None:
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    expires, account = int(ctx.now) + request.duration_seconds, ctx.scope.account
    claims = Claims(TaskArn(""), "", expires, account, ctx.request_id, ctx.access_key)
    return {"credentials": _credentials(ctx, claims)}


class GetAccessKeyInfoRequest(msgspec.Struct, frozen=True):
    access_key_id: str


def get_access_key_info(ctx: Context, request: GetAccessKeyInfoRequest) -> dict[str, object]:
    """The account of a key: the key itself where it is an account id, else the caller's."""
    is_own_account = is_account(request.access_key_id)
    return {"account": request.access_key_id if is_own_account else ctx.scope.account}


def _session_of_role(ctx: Context, role_arn: str, name: str, seconds: int) -> dict[str, object]:
    """Credentials and the user of a role's session. Raises InvalidInput, AccessDenied."""
    role = _ROLE.fullmatch(role_arn)
    if role is None:
        raise InvalidInput(f"{role_arn} is invalid")
    account = role[1]
    if ctx.session_task is not None and account != ctx.scope.account:
        raise AccessDenied(
            f"User: {ctx.principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        )
    expires, issuer = int(ctx.now) + seconds, ctx.access_key
    if ctx.session is not None:
        expires, issuer = min(expires, ctx.session.expires), ctx.session.issuer
    claims = Claims(ctx.session_task or TaskArn(""), role_arn, expires, account, name, issuer)
    user = {"assumed_role_id": f"{role_id(role_arn)}:{name}", "arn": assumed_role_arn(account, role_arn, name)}
    return {"credentials": _credentials(ctx, claims), "assumed_role_user": user}


def _credentials(ctx: Context, claims: Claims) -> dict[str, object]:
    root = ctx.store.world.session_root
    if root is None:
        raise RuntimeError("the control plane records the root of session keys before it serves")
    keys = issue(root, claims)
    return {
        "access_key_id": keys.access_key,
        "secret_access_key": keys.secret.reveal(),
        "session_token": keys.token,
        "expiration": float(claims.expires),
    }


STS: Final = ApiService(
    name="sts",
    operations=operations(
        get_caller_identity,
        assume_role,
        assume_role_with_web_identity,
        ApiOperation("AssumeRoleWithSAML", AssumeRoleWithSAMLRequest, _assume_role_with_saml),
        get_session_token,
        get_access_key_info,
    ),
    refused={
        "AssumeRole.PolicyArns": _NO_POLICIES,
        "AssumeRole.Policy": _NO_POLICIES,
        "AssumeRoleWithWebIdentity.PolicyArns": _NO_POLICIES,
        "AssumeRoleWithWebIdentity.Policy": _NO_POLICIES,
        "AssumeRoleWithWebIdentity.MinimumSessionTokenSize": _OWN_LENGTH,
        "AssumeRoleWithSAML.PolicyArns": _NO_POLICIES,
        "AssumeRoleWithSAML.Policy": _NO_POLICIES,
        "AssumeRoleWithSAML.DurationSeconds": _NO_ASSERTIONS,
        "AssumeRoleWithSAML.MinimumSessionTokenSize": _OWN_LENGTH,
        "AssumeRole.SerialNumber": _NO_DEVICES,
        "AssumeRole.TokenCode": _NO_DEVICES,
        "AssumeRole.MinimumSessionTokenSize": _OWN_LENGTH,
        "GetSessionToken.MinimumSessionTokenSize": _OWN_LENGTH,
        "AssumeRole.ProvidedContexts": "there is no identity provider here",
        "GetSessionToken.SerialNumber": _NO_DEVICES,
        "GetSessionToken.TokenCode": _NO_DEVICES,
    },
)
