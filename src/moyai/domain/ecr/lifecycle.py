"""Lifecycle policies: parsed, and the images that one expires.

Promise: as AWS documents it, an image is expired by one rule at most. The rules are applied by rising priority, and an
image that a rule's tags select is left alone by all later rules. With several tag patterns, an image needs a tag for
each. An image that an index refers to is expired only after the index.
Refuses: the action ``transition`` and storage classes, because there is no archive.
Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html, lifecycle_policy_parameters.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from moyai.domain.ecr.image import RepositoryImage
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.wildcards import has_parts

_DAY: Final = 86400.0
_MAX_RULES: Final = 50
_MAX_WILDCARDS: Final = 4

_Text = Annotated[str, Meta(min_length=1, max_length=256)]
_Patterns = Annotated[tuple[_Text, ...], Meta(min_length=1, max_length=50)]
_Number = Annotated[int, Meta(ge=1, le=2**31)]


class BadLifecyclePolicy(MoyaiError):
    """The text is no lifecycle policy; the message says what is wrong."""


class Selection(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The images that a rule selects, and how many or how old may stay."""

    tag_status: Literal["tagged", "untagged", "any"]
    count_type: Literal["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"]
    count_number: _Number
    count_unit: Literal["days"] | None = None
    tag_prefix_list: _Patterns | None = None
    tag_pattern_list: _Patterns | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of tags, also those that are written as prefixes."""
        return (*(f"{prefix}*" for prefix in self.tag_prefix_list or ()), *(self.tag_pattern_list or ()))


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The action on the selected images."""

    type: Literal["expire"]


class LifecycleRule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One rule of a policy."""

    rule_priority: _Number
    selection: Selection
    action: Action
    description: Annotated[str, Meta(max_length=256)] | None = None


class LifecyclePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of a repository's lifecycle policy."""

    rules: Annotated[tuple[LifecycleRule, ...], Meta(min_length=1, max_length=_MAX_RULES)]


_READER = msgspec.json.Decoder(LifecyclePolicy)


def parse_policy(text: str) -> LifecyclePolicy:
    """The policy. Raises BadLifecyclePolicy."""
    try:
        policy = _READER.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadLifecyclePolicy(str(error)) from error
    rules = policy.rules
    if len({rule.rule_priority for rule in rules}) < len(rules):
        raise BadLifecyclePolicy("each rule has a rulePriority of its own")
    highest = max(rule.rule_priority for rule in rules)
    for rule in rules:
        fault = _fault_in(rule.selection)
        if fault is None and rule.selection.tag_status == "any" and rule.rule_priority < highest:
            fault = "a rule with the tagStatus any has the highest rulePriority"
        if fault is not None:
            raise BadLifecyclePolicy(f"{fault} (rulePriority {rule.rule_priority})")
    return policy


def _fault_in(selection: Selection) -> str | None:
    lists = [patterns for patterns in (selection.tag_prefix_list, selection.tag_pattern_list) if patterns is not None]
    if selection.tag_status == "tagged" and len(lists) != 1:
        return "the tagStatus tagged takes either a tagPrefixList or a tagPatternList"
    if selection.tag_status != "tagged" and lists:
        return f"the tagStatus {selection.tag_status} takes no tagPrefixList and no tagPatternList"
    if any(pattern.count("*") > _MAX_WILDCARDS for pattern in selection.tag_pattern_list or ()):
        return f"a pattern has at most {_MAX_WILDCARDS} wildcards"
    if (selection.count_type == "imageCountMoreThan") != (selection.count_unit is None):
        return "countUnit is days for an age, and left out for imageCountMoreThan"
    return None


def expired_images(
    policy: LifecyclePolicy, images: Iterable[RepositoryImage], now: Instant
) -> tuple[RepositoryImage, ...]:
    """The images of a repository that the policy expires now."""
    newest_first = sorted(images, key=lambda image: (-image.pushed_at, image.digest))
    referenced_digests = {digest for image in newest_first for digest in image.manifests}
    left_alone: set[str] = set()
    expired: list[RepositoryImage] = []
    for rule in sorted(policy.rules, key=lambda rule: rule.rule_priority):
        selected = [image for image in newest_first if _selects(rule.selection, image)]
        expired += [
            image
            for image in _surplus(rule.selection, selected, now)
            if image.digest not in left_alone and image.digest not in referenced_digests
        ]
        left_alone |= {image.digest for image in selected}
    return tuple(expired)


def _selects(selection: Selection, image: RepositoryImage) -> bool:
    if selection.tag_status == "any":
        return True
    if selection.tag_status == "untagged":
        return not image.tags
    return all(any(has_parts(tag, pattern.split("*")) for tag in image.tags) for pattern in selection.patterns)


def _surplus(selection: Selection, newest_first: Sequence[RepositoryImage], now: Instant) -> Sequence[RepositoryImage]:
    """The images of a rule that are too many or too old."""
    if selection.count_type == "imageCountMoreThan":
        return newest_first[selection.count_number :]
    limit = now - selection.count_number * _DAY
    pulled = selection.count_type == "sinceImagePulled"
    return [image for image in newest_first if ((pulled and image.pulled_at) or image.pushed_at) < limit]
