"""Finds the share or invitation that a request names, recognises repeated calls, and pages lists.

Promise: a share is found by its owner alone, an invitation by its receiver alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.keys import scope_of
from moyai.domain.paging import Page, page
from moyai.domain.ram.errors import (
    IdempotentParameterMismatch,
    InvalidClientToken,
    InvalidNextToken,
    InvalidParameter,
    InvitationNotFound,
    MalformedArn,
    TagLimitExceeded,
    UnknownResource,
)
from moyai.domain.ram.share import Invitation, ResourceShare
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn
from moyai.kernel.scope import Scope

MAX_RESULTS: Final = 500
_LONGEST_TOKEN: Final = 64
_CALLS: Final = 32
"""Client tokens that are kept for each share."""


def share_of(ctx: Context, arn: str) -> ResourceShare:
    """The caller's share with this ARN. Raises MalformedArn or UnknownResource."""
    _check_arn(arn, "resource-share")
    resource_share = ctx.store.world.resource_shares.get(arn)
    if resource_share is None or scope_of(resource_share.arn) != ctx.scope:
        raise UnknownResource(f"ResourceShare {arn[:200]} could not be found.")
    return resource_share


def invitation_of(ctx: Context, arn: str) -> Invitation:
    """The invitation of the caller's with this ARN. Raises MalformedArn or InvitationNotFound."""
    _check_arn(arn, "resource-share-invitation")
    invitation = ctx.store.world.invitations.get(arn)
    if invitation is None or Scope(invitation.receiver, scope_of(invitation.arn).region) != ctx.scope:
        raise InvitationNotFound(f"The invitation {arn[:200]} could not be found.")
    return invitation


def call_of(operation: str, token: str | None, request: msgspec.Struct) -> str | None:
    """The record of a call with a client token; None without a token. Raises InvalidClientToken."""
    if token is None:
        return None
    if not 0 < len(token) <= _LONGEST_TOKEN:
        raise InvalidClientToken(f"A client token has 1 to {_LONGEST_TOKEN} characters.")
    return f"{token}/{operation}/{sha256(msgspec.json.encode(request)).hexdigest()}"


def is_repeat(calls: Iterable[str], call: str | None) -> bool:
    """Whether an equal call was made before. Raises IdempotentParameterMismatch when another call used the token."""
    if call is None:
        return False
    token = call.partition("/")[0]
    earlier_calls = [earlier for earlier in calls if earlier.partition("/")[0] == token]
    if earlier_calls and call not in earlier_calls:
        raise IdempotentParameterMismatch(f"The client token {token} was used for another request.")
    return bool(earlier_calls)


def with_call(calls: tuple[str, ...], call: str | None) -> tuple[str, ...]:
    """The calls with a new one, the newest 32 of them."""
    return calls if call is None else (*calls, call)[-_CALLS:]


def page_of(keys: Iterable[str], listing: object, token: str | None, size: int | None) -> Page:
    """A page of one of RAM's lists. Raises InvalidNextToken."""
    return page(keys, listing, token, size or MAX_RESULTS, fault=InvalidNextToken)


def _check_arn(arn: str, kind: str) -> None:
    parsed = parse_arn(arn)
    if parsed is None or (parsed.service, parsed.kind) != ("ram", kind):
        raise MalformedArn(f"{arn[:200]} is not the ARN of a {kind}.")


def _tagged_share(ctx: Context, resource_share_arn: str, resource_arn: str) -> ResourceShare:
    arn = resource_share_arn or resource_arn
    if not arn:
        raise InvalidParameter("resourceShareArn must name the resource share.")
    return share_of(ctx, arn)


TAG_RULES: Final = TagRules("resource-share", InvalidParameter, TagLimitExceeded)
TAGS: Final = TagOperations(
    _tagged_share,
    TAG_RULES,
    names=("TagResource", "UntagResource"),
    resource=("resource_share_arn", "resource_arn"),
)
