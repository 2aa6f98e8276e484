"""Finds a secret by its name, or by its ARN with any or none of the six characters at the end.

Promise: a secret that can no longer be restored is not found, whether its record still exists or not. AWS draws the six
characters at random, so that an ARN that was written for AWS has others than the secret of that name here.
Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
"""

from __future__ import annotations

import re

from moyai.domain.keys import named_key
from moyai.domain.secretsmanager.secret import RESOURCE_PREFIX, ManagedSecret
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")


def find_secret(world: World, scope: Scope, identifier: str, now: Instant) -> ManagedSecret | None:
    """The secret that ``identifier`` names for a caller of ``scope``; also one that is marked for deletion."""
    arn = parse_arn(identifier)
    if arn is None:
        return _by_name(world, scope, identifier, now)
    if arn.service != "secretsmanager" or not arn.resource.startswith(RESOURCE_PREFIX):
        return None
    secret = world.secrets.get(identifier)
    if secret is not None:
        return None if secret.is_purged(now) else secret
    name = arn.resource.removeprefix(RESOURCE_PREFIX)
    return _by_name(world, arn.scope, name, now) or _by_name(world, arn.scope, _SUFFIX.sub("", name), now)


def _by_name(world: World, scope: Scope, name: str, now: Instant) -> ManagedSecret | None:
    return next((s for s in world.secrets.by("name", named_key(scope, name)) if not s.is_purged(now)), None)
