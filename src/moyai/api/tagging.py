"""Tags of resources: the operations of all services on them, and their form in requests and responses.

Promise: tags are added together or not at all; keys to remove that the resource does not have are ignored. Reserved
keys are accepted from stacks only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import ApiOperation, Context
from moyai.domain.paging import page
from moyai.domain.tagging import MAX_TAGS, TagRules, without
from moyai.domain.world import Put
from moyai.kernel.errors import ClientFault

_NONE: Mapping[str, str] = MappingProxyType({})
_for_stack: Final[ContextVar[bool]] = ContextVar("for_stack", default=False)
"""Whether the call that is answered is one for a resource of a stack."""


class Tag(msgspec.Struct, frozen=True):
    """A tag in a list; an absent value is empty."""

    key: str = ""
    value: str = ""


class RemovedTag(msgspec.Struct, frozen=True):
    """A tag to remove, if it has this value; without ``value``, whatever its value."""

    key: str = ""
    value: str | None = None


def put_record(ctx: Context, record: Any) -> None:  # noqa: ANN401  (a record of any service)
    """Store the record of a resource whose tags change."""
    ctx.store.apply([Put(record)])


class TagOperations(msgspec.Struct, frozen=True):
    """The operations of one service that add, remove and list the tags of a resource; request members are named as in
    the service's model, in snake_case.
    """

    find: Callable[..., Any]
    """The record of a resource by the context and the values of ``resource``. Raises the service's errors."""
    rules: TagRules | Callable[[Any], TagRules]
    """The rules for all resources, or a function that returns those of a record."""
    names: tuple[str, ...] = ("TagResource", "UntagResource", "ListTagsForResource")
    """The AWS names of the operations that add, remove and list tags; those at the end may be absent."""
    resource: tuple[str, ...] = ("resource_arn",)
    """The request members that identify a resource."""
    tags: Any = tuple[Tag, ...]
    """The type of tags to add; ``Mapping[str, str]`` for a service that writes tags as a map."""
    removed: tuple[str, Any] = ("tag_keys", tuple[str, ...])
    """Name and type of the member with the tags to remove: keys or RemovedTags."""
    listed: str = "tags"
    """The response member with the tags."""
    limit: str | None = None
    """The request member with the length of a page, where the tags are listed in pages."""
    token_fault: Callable[[str], ClientFault] = ClientFault
    """The error for a token of another list, where the tags are listed in pages."""
    save: Callable[[Context, Any], None] = put_record

    def operations(self) -> Iterator[ApiOperation[Any]]:
        """The operations named in ``names``."""
        pages: list[tuple[Any, ...]] = [(self.limit, int | None, None), ("next_token", str | None, None)]
        members = ([("tags", self.tags)], [self.removed], pages if self.limit else [])
        resource = [(member, str, "") for member in self.resource]
        for name, own, handle in zip(self.names, members, (self.add, self.remove, self.list_tags), strict=False):
            request = msgspec.defstruct(f"{name}Request", [*own, *resource], frozen=True)
            yield ApiOperation(name, request, handle)

    def add(self, ctx: Context, request: Any) -> None:  # noqa: ANN401  (of a type that ``operations`` defines)
        """Add tags, or replace their values."""
        record = self._record(ctx, request)
        rules = self.rules if isinstance(self.rules, TagRules) else self.rules(record)
        self.save(ctx, replace(record, tags=checked_tags(rules, request.tags, record.tags)))

    def remove(self, ctx: Context, request: Any) -> None:  # noqa: ANN401  (as above)
        """Remove tags by key, or by key and value."""
        record = self._record(ctx, request)
        self.save(
            ctx,
            replace(record, tags=without(record.tags, removed_keys(getattr(request, self.removed[0]), record.tags))),
        )

    def list_tags(self, ctx: Context, request: Any) -> dict[str, object]:  # noqa: ANN401  (as above)
        """The tags of a resource, or a page of them."""
        tags: Mapping[str, str] = self._record(ctx, request).tags
        if self.tags == Mapping[str, str]:
            return {self.listed: tags}
        if self.limit is None:
            return {self.listed: tag_list(tags)}
        listing = (type(request).__name__, *self._identifiers(request))
        size = getattr(request, self.limit) or MAX_TAGS
        keys, token = page(tags, listing, request.next_token, size, fault=self.token_fault)
        return {self.listed: tag_list({key: tags[key] for key in keys}), "next_token": token}

    def _record(self, ctx: Context, request: Any) -> Any:  # noqa: ANN401  (a record of any service)
        return self.find(ctx, *self._identifiers(request))

    def _identifiers(self, request: Any) -> list[str]:  # noqa: ANN401  (as above)
        return [getattr(request, member) for member in self.resource]


@contextmanager
def tags_for_stack(*, is_for_stack: bool) -> Iterator[None]:
    """Within the block reserved keys are accepted, if the call that is answered is one for a resource of a stack."""
    token = _for_stack.set(is_for_stack)
    try:
        yield
    finally:
        _for_stack.reset(token)


def checked_tags(
    rules: TagRules, tags: Iterable[Tag] | Mapping[str, str], present: Mapping[str, str] = _NONE
) -> dict[str, str]:
    """The tags added to those that are present. Raises the errors of the rules."""
    pairs = tags.items() if isinstance(tags, Mapping) else [(tag.key, tag.value) for tag in tags]
    return rules.add_to(present, pairs, for_stack=_for_stack.get())


def removed_keys(removed: Iterable[str | RemovedTag], present: Mapping[str, str]) -> set[str]:
    """The keys of the tags to remove."""
    return {
        tag if isinstance(tag, str) else tag.key
        for tag in removed
        if isinstance(tag, str) or tag.value in {None, present.get(tag.key)}
    }


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags as responses list them, by key."""
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]
