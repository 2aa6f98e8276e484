"""Account settings: set, list, delete.

Promise: a setting accepts only the values that moyai implements; the others are refused, each with its reason.
``containerInsights`` is the default of new clusters; the other settings describe what moyai does in any case.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html and its siblings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.account_setting import SETTING_RULES, AccountSetting, SettingType, root_of, setting_key
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.world import Delete, Put, World
from moyai.kernel.scope import Scope

_MAX_RESULTS = 10
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(?:root|(?:user|role)/[\w+=,.@/-]{1,512})")


class PutAccountSettingRequest(msgspec.Struct, frozen=True):
    name: str
    value: str
    principal_arn: str | None = None


class PutAccountSettingDefaultRequest(msgspec.Struct, frozen=True):
    name: str
    value: str


class DeleteAccountSettingRequest(msgspec.Struct, frozen=True):
    name: str
    principal_arn: str | None = None


class ListAccountSettingsRequest(PageRequest, frozen=True):
    name: str | None = None
    value: str | None = None
    principal_arn: str | None = None
    effective_settings: bool = False


def put_account_setting(ctx: Context, request: PutAccountSettingRequest) -> dict[str, object]:
    """Set a setting of a principal, by default the caller; the root user's is the account's default."""
    return _put(ctx, _principal(ctx, request.principal_arn), request.name, request.value)


def put_account_setting_default(ctx: Context, request: PutAccountSettingDefaultRequest) -> dict[str, object]:
    """Set the default of all principals that have no setting of their own."""
    return _put(ctx, root_of(ctx.scope), request.name, request.value)


def delete_account_setting(ctx: Context, request: DeleteAccountSettingRequest) -> dict[str, object]:
    """Delete a principal's own setting, if there is one; the response has the value that applies then."""
    _check_settable(request.name)
    principal = _principal(ctx, request.principal_arn)
    ctx.store.apply([Delete(AccountSetting, setting_key(ctx.scope, principal, request.name))])
    value = effective(ctx.store.world, ctx.scope, principal, request.name)
    return {"setting": _view(request.name, value, principal)}


def list_account_settings(ctx: Context, request: ListAccountSettingsRequest) -> dict[str, object]:
    """The settings of a principal; with ``effectiveSettings`` also those that it has from the account or from AWS."""
    if request.value is not None and request.name is None:
        raise InvalidParameter("value can only be given together with name.")
    if (request.max_results or 1) > _MAX_RESULTS:
        raise InvalidParameter(f"maxResults must be between 1 and {_MAX_RESULTS}.")
    principal = _principal(ctx, request.principal_arn)
    values = dict(_values(ctx, principal, request))
    listing = ("ListAccountSettings", principal, request.name, request.value, str(request.effective_settings))
    page = paginate(values, PageQuery(listing, request.next_token, request.max_results, default=_MAX_RESULTS))
    return {"settings": [_view(n, values[n], principal) for n in page.keys], "next_token": page.next_token}


def effective(world: World, scope: Scope, principal: str, name: str) -> str:
    """The value that applies to a principal: its own, else the account's, else AWS's default."""
    for holder in (principal, root_of(scope)):
        own = world.account_settings.get(setting_key(scope, holder, name))
        if own is not None:
            return own.value
    return SETTING_RULES[name].default


def _values(ctx: Context, principal: str, request: ListAccountSettingsRequest) -> Iterator[tuple[str, str]]:
    world = ctx.store.world
    for name in SETTING_RULES if request.name is None else [request.name]:
        own_setting = world.account_settings.get(setting_key(ctx.scope, principal, name))
        if request.effective_settings:
            value = effective(world, ctx.scope, principal, name)
        elif own_setting is not None:
            value = own_setting.value
        else:
            continue
        if request.value in {None, value}:
            yield name, value


def _put(ctx: Context, principal: str, name: str, value: str) -> dict[str, object]:
    _check_settable(name)
    rule = SETTING_RULES[name]
    if value not in rule.values:
        raise InvalidParameter(f"Invalid value for {name}. Valid values are: {', '.join(rule.values)}.")
    if name.endswith("LongArnFormat") and value not in rule.supported:
        raise InvalidParameter("You can no longer disable Long Arn settings")
    if value not in rule.supported:
        raise unsupported_value(name, value, rule.reason)
    ctx.store.apply([Put(AccountSetting(ctx.scope, principal, name, value))])
    return {"setting": _view(name, value, principal)}


def _check_settable(name: str) -> None:
    if SETTING_RULES[name].type is SettingType.AWS_MANAGED:
        raise InvalidParameter(f"You cannot change {name}: {SETTING_RULES[name].reason}.")


def _principal(ctx: Context, arn: str | None) -> str:
    if arn is None:
        return ctx.principal
    parsed = _PRINCIPAL.fullmatch(arn)
    if parsed is None or parsed[1] != ctx.scope.account:
        raise InvalidParameter("principalArn must be the ARN of a user, a role or the root user of this account.")
    return arn


def _view(name: str, value: str, principal: str) -> dict[str, object]:
    return {"name": name, "value": value, "principal_arn": principal, "type": SETTING_RULES[name].type}
