"""The servers that are tried for a registry, their schemes, and what the options mean."""

from __future__ import annotations

import pytest

from moyai.images.registry.ecr_credentials import is_ecr
from moyai.images.registry.endpoints import endpoints_of
from moyai.images.registry.settings import BadMirror, Mirror, RegistrySettings, group_mirrors, is_registry, parse_mirror


@pytest.mark.parametrize(
    ("registry", "host", "schemes", "is_verified"),
    [
        ("docker.io", "registry-1.docker.io", ("https",), True),
        ("ghcr.io", "ghcr.io", ("https",), True),
        ("registry.test:5000", "registry.test:5000", ("https",), True),
        ("localhost", "localhost", ("https", "http"), False),
        ("localhost:5000", "localhost:5000", ("https", "http"), False),
        ("127.9.9.9:5000", "127.9.9.9:5000", ("https", "http"), False),
        ("[::1]:5000", "[::1]:5000", ("https", "http"), False),
        ("10.0.0.5:5000", "10.0.0.5:5000", ("https", "http"), False),
        ("localhost.example.com", "localhost.example.com", ("https",), True),
        ("127.0.0.1.example.com", "127.0.0.1.example.com", ("https",), True),
    ],
)
def test_only_loopback_and_what_the_user_says_is_insecure(registry, host, schemes, is_verified):
    settings = RegistrySettings(insecure=frozenset({"10.0.0.5:5000"}))
    [endpoint] = endpoints_of(registry, settings)
    assert (endpoint.registry, endpoint.host, endpoint.schemes) == (registry, host, schemes)
    assert endpoint.is_verified == is_verified


def test_mirrors_come_first_with_their_own_name_and_prefix():
    mirrors = group_mirrors([Mirror("docker.io", "https://art.test:8443/hub/"), Mirror("docker.io", "http://10.0.0.5")])
    first, second, _ = endpoints_of("docker.io", RegistrySettings(mirrors))
    assert (first.registry, first.path("library/nginx", "manifests", "1")) == (
        "art.test:8443",
        "/v2/hub/library/nginx/manifests/1",
    )
    assert first.scope("library/nginx") == "repository:hub/library/nginx:pull"
    assert second.schemes == ("http",)


def test_a_mirror_is_a_registry_and_a_url():
    assert parse_mirror("docker.io=https://m.test/hub/") == Mirror("docker.io", "https://m.test/hub")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "docker.io",
        "docker.io=",
        "docker.io=m.test",
        "=https://m.test",
        "docker.io=ftp://m.test",
        "a/b=https://m.test",
        "docker.io=https://user:pw@m.test",
        "docker.io=https://m.test?x=1",
    ],
)
def test_a_malformed_mirror_is_refused_with_an_example(text):
    with pytest.raises(BadMirror, match=r"such as"):
        parse_mirror(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("localhost:5000", True), ("ghcr.io", True), ("[::1]:5000", True), ("nginx", False), ("a/b", False), ("", False)],
)
def test_a_registry_is_a_host(text, expected):
    assert is_registry(text) == expected


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", True),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", True),
        ("123456789012.dkr-ecr.us-east-1.on.aws", True),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", True),
        ("public.ecr.aws", False),
        ("12345.dkr.ecr.us-east-1.amazonaws.com", False),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test", False),
    ],
)
def test_names_of_ecr(registry, expected):
    assert is_ecr(registry) == expected
