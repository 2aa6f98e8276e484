"""Finding a secret by what people call it: its name, its ARN, or its ARN without the six characters at the end.

Promise: what can't be restored any more is not there, whether its record still is or not.
Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
"""

from __future__ import annotations

from moyai.domain.keys import named_key
from moyai.domain.secretsmanager.secret import SUFFIX_LENGTH, ManagedSecret
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

RESOURCE = "secret:"


def find_secret(world: World, scope: Scope, called: str, now: Instant) -> ManagedSecret | None:
    """The secret that ``called`` means to who speaks for ``scope``; also one that is marked for deletion."""
    parsed = parse_arn(called)
    if parsed is None:
        return _by_name(world, scope, called, now)
    if parsed.service != "secretsmanager" or not parsed.resource.startswith(RESOURCE):
        return None
    whole = world.secrets.get(called)
    if whole is not None:
        return None if whole.gone(now) else whole
    return _by_name(world, parsed.scope, parsed.resource.removeprefix(RESOURCE), now)


def suffixed(name: str, suffix: str) -> str:
    """The part of an ARN behind the account, of a secret of this name."""
    if len(suffix) != SUFFIX_LENGTH:
        raise ValueError(f"a secret's ARN ends with {SUFFIX_LENGTH} characters")
    return f"{RESOURCE}{name}-{suffix}"


def _by_name(world: World, scope: Scope, name: str, now: Instant) -> ManagedSecret | None:
    return next((s for s in world.secrets.by("name", named_key(scope, name)) if not s.gone(now)), None)
