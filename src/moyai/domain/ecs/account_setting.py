"""Account settings: the defaults of an account's callers.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.keys import scope_key
from moyai.domain.record import StoredRecord
from moyai.kernel.arn import partition_of
from moyai.kernel.scope import Scope


class SettingType(StrEnum):
    """The principals that may change a setting."""

    USER = "user"
    AWS_MANAGED = "aws_managed"


class SettingRule(msgspec.Struct, frozen=True):
    """The values of a setting at AWS, its default, and the values that moyai supports."""

    values: tuple[str, ...]
    default: str
    supported: tuple[str, ...]
    reason: str = ""
    """Why moyai does not support the other values."""
    type: SettingType = SettingType.USER


DUAL_STACK_IPV6: Final = "dualStackIPv6"
"""The name of the setting that gives tasks IPv6 addresses."""
_SWITCH: Final = ("enabled", "disabled")
_LONG: Final = SettingRule(_SWITCH, "enabled", ("enabled",), "ARNs have the long format")

SETTING_RULES: Mapping[str, SettingRule] = MappingProxyType(
    {
        "awsvpcTrunking": SettingRule(
            _SWITCH, "enabled", ("enabled",), "a container instance takes any number of tasks with awsvpc"
        ),
        "containerInsights": SettingRule((*_SWITCH, "enhanced"), "disabled", (*_SWITCH, "enhanced")),
        "containerInstanceLongArnFormat": _LONG,
        "defaultLogDriverMode": SettingRule(
            ("blocking", "non-blocking"),
            "non-blocking",
            ("non-blocking",),
            "a container never waits for the service that keeps its output",
        ),
        DUAL_STACK_IPV6: SettingRule(_SWITCH, "enabled", _SWITCH),
        "fargateEventWindows": SettingRule(_SWITCH, "disabled", ("disabled",), "tasks are never retired"),
        "fargateFIPSMode": SettingRule(_SWITCH, "disabled", ("disabled",), "there is no FIPS-validated cryptography"),
        "fargateTaskRetirementWaitPeriod": SettingRule(("0", "7", "14"), "7", ("7",), "tasks are never retired"),
        "guardDutyActivate": SettingRule(("on", "off"), "off", (), "Amazon GuardDuty sets it", SettingType.AWS_MANAGED),
        "serviceLongArnFormat": _LONG,
        "tagResourceAuthorization": SettingRule(("on", "off"), "off", ("off",), "no IAM policies are evaluated"),
        "taskLongArnFormat": _LONG,
    }
)
"""Every setting by its name."""


class AccountSetting(StoredRecord, frozen=True, tag="account_setting"):
    """A value that was set for one principal, or for the account (its root user)."""

    scope: Scope
    principal: str
    name: str
    value: str

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return setting_key(self.scope, self.principal, self.name)


def root_of(scope: Scope) -> str:
    """The account's root user, whose settings are the defaults of all principals."""
    return f"arn:{partition_of(scope.region)}:iam::{scope.account}:root"


def setting_key(scope: Scope, principal: str, name: str) -> str:
    """The key of a principal's setting."""
    return f"{scope_key(scope)}/{principal}/{name}"
