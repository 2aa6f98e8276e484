"""Names of repositories and registries, patterns of tags, and tokens."""

from __future__ import annotations

import pytest

from moyai.domain.ecr.image import is_digest, is_tag
from moyai.domain.ecr.registry_host import is_aws_registry, registry_host, registry_in, split_host
from moyai.domain.ecr.repository import Repository, is_repository_name, repository_arn
from moyai.domain.ecr.token import RegistryAccess, access_in, issue_token
from moyai.domain.sts.session import TOKEN_PREFIX, Claims, SessionRoot, issue
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, Region, TaskArn
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.kernel.secret import Secret

OTHER = Scope(AccountId("111122223333"), Region("eu-west-1"))
ROOT = SessionRoot(Secret("0" * 64))


@pytest.mark.parametrize(
    ("mutability", "exclusions", "latest", "version"),
    [
        ("MUTABLE", (), True, True),
        ("IMMUTABLE", (), False, False),
        ("IMMUTABLE_WITH_EXCLUSION", ("latest*",), True, False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), True, False),
    ],
)
def test_which_tags_can_move(mutability, exclusions, latest, version):
    repository = Repository(
        arn=repository_arn(DEFAULT_SCOPE, "app"),
        name="app",
        created_at=Instant(0),
        mutability=mutability,
        exclusions=exclusions,
    )
    assert (repository.can_move("latest"), repository.can_move("v1")) == (latest, version)


def test_names():
    valid = ["ab", "a/b", "a-b__c.d/e_f", "0/1", "a" * 256]
    invalid = ["a", "", "A", "a//b", "/a", "a/", "a/../b", "..", "a___b", "-a", "a.", "a" * 257, "a\n", "aé"]
    assert [name for name in (*valid, *invalid) if is_repository_name(name)] == valid
    assert [tag for tag in ("1", "a" * 128, "", "-a", ".a", "a" * 129, "a/b", "a\n") if is_tag(tag)] == ["1", "a" * 128]
    assert [is_digest("sha256:" + text) for text in ("0" * 64, "0" * 63, "A" * 64)] == [True, False, False]


@pytest.mark.parametrize(
    ("scope", "caller", "expected"),
    [
        (DEFAULT_SCOPE, "127.0.0.1:4566", "127.0.0.1:4566"),
        (DEFAULT_SCOPE, "moyai.lan", "moyai.lan"),
        (DEFAULT_SCOPE, "", "123456789012.dkr.ecr.us-east-1.amazonaws.com"),
        (OTHER, "127.0.0.1:4566", "111122223333.dkr.ecr.eu-west-1.localhost:4566"),
        (OTHER, "[::1]:4566", "111122223333.dkr.ecr.eu-west-1.localhost:4566"),
        (OTHER, "localhost:4566", "111122223333.dkr.ecr.eu-west-1.localhost:4566"),
        (OTHER, "moyai.lan:1", "111122223333.dkr.ecr.eu-west-1.moyai.lan:1"),
        (OTHER, "123456789012.dkr.ecr.us-east-1.localhost:1", "111122223333.dkr.ecr.eu-west-1.localhost:1"),
    ],
)
def test_the_host_of_a_registry(scope, caller, expected):
    host = registry_host(scope, caller)
    assert host == expected
    registry = registry_in(split_host(host)[0])
    assert (DEFAULT_SCOPE if registry is None else registry[0]) == scope


def test_names_of_registries():
    assert registry_in("111122223333.dkr.ecr.eu-west-1.amazonaws.com") == (OTHER, "amazonaws.com")
    assert registry_in("111122223333.dkr-ecr.eu-west-1.ON.AWS".lower()) == (OTHER, "on.aws")
    for name in ("dkr.ecr.eu-west-1.amazonaws.com", "1.dkr.ecr.eu-west-1.x", "111122223333.dkr.ecr.eu-west-1", ""):
        assert registry_in(name) is None
    assert is_aws_registry("111122223333.dkr.ecr.eu-west-1.amazonaws.com")
    assert not is_aws_registry("111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example")
    assert split_host("[::1") == ("", None)


def test_tokens_are_genuine_and_of_one_use():
    access = RegistryAccess(OTHER, "AKIA", 7)
    token = issue_token(ROOT, access)
    assert access_in(ROOT, token) == access
    assert access_in(SessionRoot(Secret("1" * 64)), token) is None
    for text in ("", "x", token[:-4], "é" * 50, token * 100):
        assert access_in(ROOT, text) is None
    session = issue(ROOT, Claims(TaskArn("t"), "r", 7)).token
    assert access_in(ROOT, session.removeprefix(TOKEN_PREFIX)) is None
