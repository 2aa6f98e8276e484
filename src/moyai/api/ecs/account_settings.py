"""Account settings: set, list, take back.

Promise: a setting takes only the values that hold here; the others are refused, each with its reason.
``containerInsights`` is what new clusters of the principal begin with; the others say what is so anyway.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html and its siblings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from moyai.api.ecs.paging import Ask, page
from moyai.api.ecs.refusal import unsupported
from moyai.api.operation import Context
from moyai.domain.ecs.account_setting import RULES, AccountSetting, SettingType, root_of, setting_key
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.world import Delete, Put, World
from moyai.kernel.scope import Scope

_MOST = 10
_PRINCIPAL = re.compile(r"arn:aws:iam::([0-9]{12}):(?:root|(?:user|role)/[\w+=,.@/-]{1,512})")


class PutAccountSettingRequest(msgspec.Struct, frozen=True):
    """Input of PutAccountSetting."""

    name: str
    value: str
    principal_arn: str | None = None


class PutAccountSettingDefaultRequest(msgspec.Struct, frozen=True):
    """Input of PutAccountSettingDefault."""

    name: str
    value: str


class DeleteAccountSettingRequest(msgspec.Struct, frozen=True):
    """Input of DeleteAccountSetting."""

    name: str
    principal_arn: str | None = None


class ListAccountSettingsRequest(msgspec.Struct, frozen=True):
    """Input of ListAccountSettings."""

    name: str | None = None
    value: str | None = None
    principal_arn: str | None = None
    effective_settings: bool = False
    next_token: str | None = None
    max_results: int | None = None


def put_account_setting(ctx: Context, request: PutAccountSettingRequest) -> dict[str, object]:
    """Set it for one principal; the caller's own when none is named. Root's is the account's default."""
    return _put(ctx, _principal(ctx, request.principal_arn), request.name, request.value)


def put_account_setting_default(ctx: Context, request: PutAccountSettingDefaultRequest) -> dict[str, object]:
    """Set it for every principal that has none of its own."""
    return _put(ctx, root_of(ctx.scope), request.name, request.value)


def delete_account_setting(ctx: Context, request: DeleteAccountSettingRequest) -> dict[str, object]:
    """Take back a principal's own setting, whose answer is what then holds; nothing to take back is no error."""
    _settable(request.name)
    principal = _principal(ctx, request.principal_arn)
    ctx.store.apply([Delete(AccountSetting, setting_key(ctx.scope, principal, request.name))])
    value = effective(ctx.store.world, ctx.scope, principal, request.name)
    return {"setting": _view(request.name, value, principal)}


def list_account_settings(ctx: Context, request: ListAccountSettingsRequest) -> dict[str, object]:
    """What the principal has set; with ``effectiveSettings`` what holds for it."""
    if request.value is not None and request.name is None:
        raise InvalidParameter("value can only be given together with name.")
    if (request.max_results or 1) > _MOST:
        raise InvalidParameter(f"maxResults must be between 1 and {_MOST}.")
    principal = _principal(ctx, request.principal_arn)
    held = dict(_held(ctx, principal, request))
    listing = ("ListAccountSettings", principal, request.name, request.value, str(request.effective_settings))
    found = page(held, Ask(listing, request.next_token, request.max_results, default=_MOST))
    return {"settings": [_view(n, held[n], principal) for n in found.keys], "next_token": found.next_token}


def effective(world: World, scope: Scope, principal: str, name: str) -> str:
    """What holds for the principal: its own setting, else the account's, else AWS's default."""
    for holder in (principal, root_of(scope)):
        own = world.account_settings.get(setting_key(scope, holder, name))
        if own is not None:
            return own.value
    return RULES[name].default


def _held(ctx: Context, principal: str, request: ListAccountSettingsRequest) -> Iterator[tuple[str, str]]:
    world = ctx.store.world
    for name in RULES if request.name is None else [request.name]:
        own = world.account_settings.get(setting_key(ctx.scope, principal, name))
        if request.effective_settings:
            value = effective(world, ctx.scope, principal, name)
        elif own is not None:
            value = own.value
        else:
            continue
        if request.value in {None, value}:
            yield name, value


def _put(ctx: Context, principal: str, name: str, value: str) -> dict[str, object]:
    _settable(name)
    rule = RULES[name]
    if value not in rule.values:
        raise InvalidParameter(f"Invalid value for {name}. Valid values are: {', '.join(rule.values)}.")
    if value not in rule.here:
        raise unsupported(name, value, rule.reason)
    ctx.store.apply([Put(AccountSetting(ctx.scope, principal, name, value))])
    return {"setting": _view(name, value, principal)}


def _settable(name: str) -> None:
    if RULES[name].type is SettingType.AWS_MANAGED:
        raise InvalidParameter(f"You cannot change {name}: {RULES[name].reason}.")


def _principal(ctx: Context, asked: str | None) -> str:
    if asked is None:
        return ctx.principal
    parsed = _PRINCIPAL.fullmatch(asked)
    if parsed is None or parsed[1] != ctx.scope.account:
        raise InvalidParameter("principalArn must be the ARN of a user, a role or the root user of this account.")
    return asked


def _view(name: str, value: str, principal: str) -> dict[str, object]:
    return {"name": name, "value": value, "principal_arn": principal, "type": RULES[name].type}
