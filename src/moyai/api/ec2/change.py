"""Helpers for the operations that change something: dry runs, the default VPC, ids, tags.

Promise: a dry run ends with DryRunOperation only if the call itself would succeed. The first change in an account and
region stores its default VPC, so that it can be changed like any other one.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.keys import client_token_keys
from moyai.domain.queries.vpc import R, find_in_scope, store_default_vpc
from moyai.domain.table import Keyed, Table
from moyai.domain.tagging import MAX_TAGS, TagRules
from moyai.domain.vpc.errors import (
    DryRunOperation,
    IdempotentParameterMismatch,
    InvalidParameterValue,
    MissingParameter,
)
from moyai.domain.vpc.not_found import NotFound
from moyai.domain.vpc.quotas import TagLimitExceeded
from moyai.domain.world import Change

T = TypeVar("T", bound=Keyed)

DIGITS = 17
SUCCESS: Mapping[str, object] = {"return": True}
"""The response of an operation that has no other results."""


class ChangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The base of requests with the member ``dry_run``."""

    dry_run: bool = False


class TagSpecification(msgspec.Struct, frozen=True):
    """The tags of a resource that an operation creates."""

    resource_type: str = ""
    tags: tuple[Tag, ...] = ()


def commit(ctx: Context, request: ChangeRequest, *changes: Change) -> None:
    """Store the changes, or raise DryRunOperation."""
    if request.dry_run:
        raise DryRunOperation
    ctx.store.apply([*store_default_vpc(ctx.store.world, ctx.scope), *changes])


def new_id(ctx: Context, prefix: str) -> str:
    """A new id: the prefix, a hyphen, and 17 hexadecimal digits."""
    return f"{prefix}-{ctx.ids.hex(DIGITS)}"


def resource_of(ctx: Context, kind: type[R], identity: str | None, error: type[NotFound], member: str) -> R:
    """The scope's record of type ``kind`` with this id. Raises ``error``, or MissingParameter without an id."""
    if not identity:
        raise MissingParameter(f"The request must contain the parameter {member}.")
    record = find_in_scope(ctx.store.world, kind, ctx.scope, identity)
    if record is None:
        raise error([identity])
    return record


def created_before(ctx: Context, table: Table[T], token: str | None, difference: str, **parameters: object) -> T | None:
    """The record that an earlier request with the same client token has created.

    ``parameters``: those of its members that the request sets. Raises IdempotentParameterMismatch with ``difference``
    when it has others.
    """
    for key in client_token_keys(ctx.scope, token):
        for record in table.by("request", key):
            if any(getattr(record, name) != value for name, value in parameters.items()):
                raise IdempotentParameterMismatch(f"The client token was used with {difference} before.")
            return record
    return None


def new_tags(specifications: Iterable[TagSpecification], resource_type: str) -> Mapping[str, str]:
    """The tags of a new resource. Raises InvalidParameterValue or TagLimitExceeded."""
    tags: list[Tag] = []
    for specification in specifications:
        if specification.resource_type != resource_type:
            raise InvalidParameterValue(
                f"'{specification.resource_type}' is not a valid taggable resource type for this operation; it creates "
                f"a '{resource_type}'."
            )
        tags += specification.tags
    return checked_tags(tag_rules(resource_type), tags)


def tag_rules(resource_type: str) -> TagRules:
    """The tag rules of a resource type, which has EC2's name."""
    return TagRules(resource_type, InvalidParameterValue, lambda _: TagLimitExceeded(MAX_TAGS))
