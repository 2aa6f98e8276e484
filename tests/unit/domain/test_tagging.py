"""The tags that a resource of any service can have."""

from __future__ import annotations

import pytest

from moyai.domain.tagging import MAX_TAGS, TagRules, without
from moyai.kernel.errors import ClientFault


class Wrong(ClientFault):
    """These can't be."""


class TooMany(ClientFault):
    """There are too many."""


RULES = TagRules("cluster", Wrong, TooMany)


def numbered_tags(count: int) -> dict[str, str]:
    return {f"key-{number}": "" for number in range(count)}


def test_tags_are_added_and_replaced():
    assert RULES.add_to({"a": "1", "b": "2"}, {"b": "3", "c": ""}.items()) == {"a": "1", "b": "3", "c": ""}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("", "x", "has a key"),
        ("k" * 129, "", "at most 128 characters"),
        ("k", "v" * 257, "values 256"),
        ("aws:x", "", "aws:x begins with aws:"),
        ("AWS:x", "", "AWS:x begins with aws:"),
        ("moyai:liv-endpoints", "on", "no setting of moyai"),
        ("moyai:live-endpoints", "perhaps", "is on or off"),
    ],
)
def test_an_invalid_tag_is_refused_by_name(key, value, said):
    with pytest.raises(Wrong, match=said):
        RULES.add_to({}, {"fine": "", key: value}.items())


def test_existing_tags_are_not_validated_again():
    """ECS gives tags of AWS's itself."""
    assert RULES.add_to({"aws:ecs:clusterName": "shop"}, {"a": ""}.items()) == {"aws:ecs:clusterName": "shop", "a": ""}


def test_a_resource_has_at_most_fifty_tags():
    assert len(RULES.add_to(numbered_tags(MAX_TAGS), {"key-1": "another value"}.items())) == MAX_TAGS
    with pytest.raises(TooMany, match="there would be 51"):
        RULES.add_to(numbered_tags(MAX_TAGS), {"one-more": ""}.items())


def test_removing_a_missing_tag_does_nothing():
    assert without({"a": "1", "b": "2"}, ("b", "c")) == {"a": "1"}


def test_a_key_may_be_added_twice_unless_the_rules_say_unique():
    twice = [("a", "1"), ("a", "2")]
    assert RULES.add_to({}, twice) == {"a": "2"}
    with pytest.raises(Wrong, match="a is given twice"):
        RULES._replace(unique=True).add_to({}, twice)
