"""Lifecycle policies: which are accepted, and which images they expire."""

from __future__ import annotations

import json

import pytest

from moyai.domain.ecr.image import RepositoryImage
from moyai.domain.ecr.lifecycle import BadLifecyclePolicy, expired_images, parse_policy
from moyai.domain.ecr.repository import repository_arn
from moyai.kernel.clock import Instant
from moyai.kernel.scope import DEFAULT_SCOPE

ARN = repository_arn(DEFAULT_SCOPE, "app")
DAY = 86400.0
NOW = Instant(100 * DAY)
COUNT = {"countType": "imageCountMoreThan", "countNumber": 1}


def image(name: str, age: float, *tags: str, **more) -> RepositoryImage:
    return RepositoryImage(
        repository=ARN,
        digest=name,
        media_type="m",
        pushed_at=Instant(NOW - age * DAY),
        size=1,
        tags=tags,
        **more,
    )


def policy(*selections, first: int = 1):
    numbered = enumerate(selections, start=first)
    rules = [{"rulePriority": n, "selection": s, "action": {"type": "expire"}} for n, s in numbered]
    return json.dumps({"rules": rules})


def expired_digests(text, *images) -> list[str]:
    return sorted(entry.digest for entry in expired_images(parse_policy(text), images, NOW))


def older_than(days, status="any", **more):
    return {"tagStatus": status, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days, **more}


def test_all_but_the_newest():
    images = [image(str(age), age) for age in (3, 1, 2)]
    assert expired_digests(policy({"tagStatus": "any", **COUNT}), *images) == ["2", "3"]
    assert expired_digests(policy({"tagStatus": "any", **COUNT, "countNumber": 3}), *images) == []


def test_older_than_some_days():
    images = [image("young", 9.9), image("old", 10.1)]
    assert expired_digests(policy(older_than(10)), *images) == ["old"]


def test_by_the_last_pull_or_else_the_push():
    text = policy({**older_than(10), "countType": "sinceImagePulled"})
    images = [image("pulled", 20, pulled_at=Instant(NOW - DAY)), image("never", 20), image("young", 1)]
    assert expired_digests(text, *images) == ["never"]


def test_only_untagged_images():
    assert expired_digests(policy(older_than(1, "untagged")), image("a", 5), image("b", 5, "v1")) == ["a"]


def test_an_image_needs_a_tag_for_each_pattern():
    images = [image("a", 5, "prod-1"), image("b", 5, "prod-2", "eu"), image("c", 5, "eu")]
    assert expired_digests(policy(older_than(1, "tagged", tagPrefixList=["prod", "eu"])), *images) == ["b"]
    assert expired_digests(policy(older_than(1, "tagged", tagPatternList=["prod*1"])), *images) == ["a"]


def test_a_rule_protects_its_images_from_later_rules():
    keep = {"tagStatus": "tagged", "tagPrefixList": ["prod"], **COUNT, "countNumber": 2}
    images = [image("p1", 50, "prod-1"), image("p2", 51, "prod-2"), image("p3", 52, "prod-3"), image("x", 50)]
    assert expired_digests(policy(keep, older_than(10)), *images) == ["p3", "x"]


def test_the_order_is_by_priority_not_by_place():
    rules = json.loads(policy(older_than(10), first=2))["rules"]
    rules += json.loads(policy({"tagStatus": "tagged", "tagPrefixList": ["keep"], **COUNT}))["rules"]
    assert expired_digests(json.dumps({"rules": rules}), image("a", 50, "keep"), image("b", 50)) == ["b"]


def test_the_images_of_an_index_stay_with_it():
    images = [image("part", 50), image("index", 1, manifests=("part",))]
    assert expired_digests(policy(older_than(10)), *images) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("[" * 100_000, "Expected"),
        ("{}", "rules"),
        (json.dumps({"rules": []}), "length"),
        (json.dumps({"rules": [], "extra": 1}), "rules"),
        (policy({"tagStatus": "tagged", **COUNT}), "tagPrefixList"),
        (policy({"tagStatus": "tagged", **COUNT, "tagPrefixList": ["a"], "tagPatternList": ["b"]}), "either"),
        (policy({"tagStatus": "untagged", **COUNT, "tagPrefixList": ["a"]}), "takes no"),
        (policy({"tagStatus": "tagged", **COUNT, "tagPatternList": ["*a*b*c*d*"]}), "wildcards"),
        (policy({"tagStatus": "any", **COUNT, "countUnit": "days"}), "countUnit"),
        (policy({"tagStatus": "any", "countType": "sinceImagePushed", "countNumber": 1}), "countUnit"),
        (policy({"tagStatus": "any", **COUNT, "countNumber": 0}), "countNumber"),
        (policy({"tagStatus": "any", **COUNT}, {"tagStatus": "untagged", **COUNT}), "highest"),
        (policy({"tagStatus": "any", **COUNT, "storageClass": "archive"}), "storageClass"),
        (policy({"tagStatus": "any", **COUNT}).replace("expire", "transition"), "transition"),
        (
            json.dumps({"rules": 2 * json.loads(policy({"tagStatus": "untagged", **COUNT}))["rules"]}),
            "of its own",
        ),
    ],
)
def test_policies_that_are_refused(text, reason):
    with pytest.raises(BadLifecyclePolicy, match=reason):
        parse_policy(text)
