"""Finds the load balancers, target groups, listeners and rules that a request names; pages of lists.

Promise: text that is no ARN of its kind raises another error than an unknown ARN; resources of other accounts and
regions are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from moyai.api.operation import Context
from moyai.domain.elb.errors import ElbFault, ListenerNotFound, LoadBalancerNotFound, RuleNotFound, TargetGroupNotFound
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener, Rule
from moyai.domain.elb.target_group import TargetGroup
from moyai.domain.paging import page
from moyai.domain.queries.ingress import managed_for
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import InvalidInput
from moyai.plan.elb.new_records import SERVICE

MAX_PAGE: Final = 400
"""The most items in a page, and the default."""
_MAX_NAMED: Final = 20
_SHOWN: Final = 300

R = TypeVar("R", LoadBalancer, TargetGroup, Listener, Rule)


class ElbKind(NamedTuple, Generic[R]):
    """A kind of resources."""

    record_type: type[R]
    noun: str
    """The name in errors."""
    prefix: str
    """The name in ARNs."""
    not_found: type[ElbFault]


LOAD_BALANCER: Final = ElbKind(LoadBalancer, "load balancer", "loadbalancer", LoadBalancerNotFound)
TARGET_GROUP: Final = ElbKind(TargetGroup, "target group", "targetgroup", TargetGroupNotFound)
LISTENER: Final = ElbKind(Listener, "listener", "listener", ListenerNotFound)
RULE: Final = ElbKind(Rule, "listener rule", "listener-rule", RuleNotFound)


class MarkerPageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The members of every paged Describe request."""

    marker: str | None = None
    page_size: int | None = None


def find(ctx: Context, kind: ElbKind[R], arn: str) -> R | None:
    """The resource with this ARN, None if there is none. Raises InvalidInput for other text than an ARN of its kind."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != SERVICE or parsed.kind != kind.prefix:
        raise InvalidInput(f"'{arn[:_SHOWN]}' is not a valid {kind.noun} ARN")
    return ctx.store.world.table(kind.record_type).get(arn) if parsed.scope == ctx.scope else None


def resource_of(ctx: Context, kind: ElbKind[R], arn: str) -> R:
    """The resource with this ARN. Raises the kind's error, or InvalidInput."""
    record = find(ctx, kind, arn)
    if record is None:
        raise kind.not_found
    return record


def resources_of(ctx: Context, kind: ElbKind[R], arns: Sequence[str]) -> list[R]:
    """The resources with these ARNs, each once. Raises the kind's error, or InvalidInput."""
    if len(arns) > _MAX_NAMED:
        raise InvalidInput(f"At most {_MAX_NAMED} {kind.noun}s can be described by ARN; there are {len(arns)}")
    return [resource_of(ctx, kind, arn) for arn in dict.fromkeys(arns)]


def page_of(
    records: Iterable[R],
    listing: object,
    request: MarkerPageRequest,
    key: Callable[[R], str] = lambda record: record.arn,
) -> tuple[list[R], str | None]:
    """A page of the records in the order of their keys, and the marker of the next page. Raises InvalidInput."""
    by_key = {key(record): record for record in records}
    size = request.page_size or MAX_PAGE
    keys, marker = page(by_key, listing, request.marker, size, fault=invalid_marker)
    return [by_key[key] for key in keys], marker


def invalid_marker(message: str) -> InvalidInput:
    """The error for a marker of another list."""
    return InvalidInput(f"Marker: {message}")


_LONGEST: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)


def check_name(noun: str, name: str) -> None:
    """Raises InvalidInput unless the name has 1 to 32 letters, digits and hyphens, with no hyphen at an end."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"The {noun} name '{name[:100]}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )
    if len(name) > _LONGEST:
        raise InvalidInput(f"The {noun} name '{name[:100]}' cannot be longer than '{_LONGEST}' characters")
    if name.startswith("-") or name.endswith("-"):
        raise InvalidInput(f"The {noun} name '{name}' cannot begin or end with a hyphen(-)")


def check_unmanaged(world: World, resource: str, fault: type[ElbFault]) -> None:
    """Raises ``fault`` for a resource that ECS manages, by its ARN."""
    service = managed_for(world, resource)
    if service is not None:
        raise fault(
            f"'{resource}' cannot be deleted because Amazon ECS manages it for the service {service}. Delete the"
            " service, or remove its gateway connector"
        )
