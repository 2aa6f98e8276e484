"""Rotation settings of secrets, as records: moyai calls no rotation functions.

Promise: a schedule that AWS would record without rotating at once (``RotateImmediately`` false) is recorded and shown,
without a next date, because nothing rotates the secret then.
Refuses: to rotate at once, which would tell its caller that there is a new value.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.secretsmanager.lookup import save_secret, secret_of
from moyai.domain.secretsmanager.errors import InvalidParameter, InvalidRequest
from moyai.domain.secretsmanager.secret import SecretRotation
from moyai.expressions.cron import InvalidSchedule, parse_cron
from moyai.kernel.arn import parse_arn

_CRON: Final = re.compile(r"cron\((.*)\)")
_RATE: Final = re.compile(r"rate\(([1-9]\d{0,4}) (hour|day)s?\)")
_DURATION: Final = re.compile("([1-9]|1[0-9]|2[0-4])h")
_CRON_FIELDS: Final = 6
_DAY: Final = timedelta(days=1)
_SHORTEST: Final = timedelta(hours=4)
_LONGEST: Final = timedelta(days=999)
_COMPARED_STARTS: Final = 50
"""Of the next rotations of a cron expression: those of more than two days."""


class RotationRules(msgspec.Struct, frozen=True):
    """When a secret is rotated."""

    automatically_after_days: int | None = None
    duration: str | None = None
    schedule_expression: str | None = None


class RotateSecretRequest(msgspec.Struct, frozen=True):
    """The rotation that a secret is to have. There is no new version, which ``client_request_token`` would name."""

    secret_id: str
    client_request_token: str | None = None
    rotation_lambda_arn: str | None = None
    rotation_rules: RotationRules | None = None
    rotate_immediately: bool = True


class CancelRotateSecretRequest(msgspec.Struct, frozen=True):
    """The secret that is to be rotated no more."""

    secret_id: str


def rotate_secret(ctx: Context, request: RotateSecretRequest) -> dict[str, object]:
    """Record a secret's rotation."""
    secret = secret_of(ctx, request.secret_id)
    if request.rotate_immediately:
        raise InvalidRequest(
            "moyai calls no rotation functions. Put a new value with PutSecretValue, or record the schedule with "
            "RotateImmediately false (RotateImmediatelyOnUpdate in templates)."
        )
    former = SecretRotation() if secret.rotation is None else secret.rotation
    function = request.rotation_lambda_arn or former.function
    if function is None:
        raise InvalidRequest("No Lambda rotation function ARN is associated with this secret.")
    parsed = parse_arn(function)
    if parsed is None or parsed.service != "lambda" or not parsed.resource.startswith("function:"):
        raise InvalidParameter("RotationLambdaARN must be the ARN of a Lambda function.")
    rules = request.rotation_rules
    rotation = replace(former, function=function, enabled=True) if rules is None else _rotation(ctx, rules, function)
    save_secret(ctx, replace(secret, rotation=rotation, changed_at=ctx.now))
    return {"arn": secret.arn, "name": secret.name}


def cancel_rotate_secret(ctx: Context, request: CancelRotateSecretRequest) -> dict[str, object]:
    """Turn a secret's rotation off. Its settings stay, as on AWS."""
    secret = secret_of(ctx, request.secret_id)
    if secret.rotation is not None:
        save_secret(ctx, replace(secret, rotation=replace(secret.rotation, enabled=False), changed_at=ctx.now))
    return {"arn": secret.arn, "name": secret.name}


def rotation_view(rotation: SecretRotation | None) -> dict[str, object]:
    """A rotation as members of a secret."""
    if rotation is None:
        return {}
    rules = {
        "automatically_after_days": rotation.days,
        "duration": rotation.duration,
        "schedule_expression": rotation.schedule,
    }
    return {
        "rotation_enabled": rotation.enabled,
        "rotation_lambda_arn": rotation.function,
        "rotation_rules": {name: value for name, value in rules.items() if value is not None},
    }


def _rotation(ctx: Context, rules: RotationRules, function: str) -> SecretRotation:
    """Raises InvalidParameter for rules that AWS refuses."""
    if (rules.automatically_after_days is None) == (rules.schedule_expression is None):
        raise InvalidParameter("RotationRules must have either AutomaticallyAfterDays or ScheduleExpression.")
    hours = None if rules.duration is None else _DURATION.fullmatch(rules.duration)
    if rules.duration is not None and hours is None:
        raise InvalidParameter("Duration is a number of hours from 1h to 24h, such as 3h.")
    if rules.schedule_expression is not None:
        _check_schedule(ctx, rules.schedule_expression, timedelta(hours=1 if hours is None else int(hours[1])))
    return SecretRotation(function, rules.automatically_after_days, rules.schedule_expression, rules.duration)


def _check_schedule(ctx: Context, text: str, window: timedelta) -> None:
    rate, cron = _RATE.fullmatch(text), _CRON.fullmatch(text)
    if rate is not None:
        shortest = longest = timedelta(**{f"{rate[2]}s": int(rate[1])})
    elif cron is not None and len(cron[1].split()) == _CRON_FIELDS:
        shortest, longest = _cron_intervals(ctx, cron[1], window)
    else:
        raise InvalidParameter("ScheduleExpression is rate(4 hours) or longer, or cron(fields) with six fields.")
    if shortest < _SHORTEST or longest > _LONGEST:
        raise InvalidParameter("ScheduleExpression must rotate every 4 hours at most and every 999 days at least.")
    if window > shortest:
        raise InvalidParameter("Duration must not extend into the next rotation window.")


def _cron_intervals(ctx: Context, text: str, window: timedelta) -> tuple[timedelta, timedelta]:
    """The shortest and the longest time between the next rotations. Raises InvalidParameter."""
    try:
        starts = list(islice(parse_cron(text).after(datetime.fromtimestamp(ctx.now, UTC), UTC), _COMPARED_STARTS))
    except InvalidSchedule as problem:
        raise InvalidParameter(f"ScheduleExpression: {problem}") from problem
    if any(start.minute for start in starts):
        raise InvalidParameter("ScheduleExpression must begin on the hour: its minutes are 0.")
    if any(timedelta(hours=start.hour) + window > _DAY for start in starts):
        raise InvalidParameter("Duration must not extend into the next UTC day.")
    intervals = [later - earlier for earlier, later in pairwise(starts)]
    return min(intervals, default=_LONGEST), max(intervals, default=_LONGEST)
