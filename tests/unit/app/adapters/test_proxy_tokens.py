"""Tokens of proxies that come over TCP."""

from __future__ import annotations

import pytest

from moyai.app.adapters import proxy_tokens
from moyai.app.adapters.proxy_tokens import ProxyTokens, TokenRefused
from moyai.domain.appmesh.names import AppMeshResourceType, mesh_arn
from moyai.kernel.clock import Instant
from moyai.ports.store import StoreFault
from moyai.testing.world import SCOPE
from moyai.xds.server.authorization import ALL_PROXIES, Authorization
from moyai.xds.server.proxy_auth import Peer

NOW = Instant(0.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "proxy_tokens.json"


@pytest.fixture
def tokens(path):
    return ProxyTokens(path, SCOPE)


def peer_with(token: str) -> Peer:
    return Peer("", bearer=token)


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        ("", ALL_PROXIES),
        ("mesh/shop", Authorization(mesh_arn(SCOPE, "shop"))),
        (
            "mesh/shop/virtualNode/front",
            Authorization(mesh_arn(SCOPE, "shop"), AppMeshResourceType.VIRTUAL_NODE, "front"),
        ),
    ],
)
def test_a_token_authorizes_its_scope(tokens, reach, found):
    assert tokens.authorizations_of(peer_with(tokens.issue(reach, NOW))) == (found,)


def test_invalid_tokens_authorize_nothing(tokens):
    token = tokens.issue("", NOW)
    name, _, secret = token.partition(".")
    bad = ["", ".", name, f"{name}.", f".{secret}", f"{name}.{secret}x", f"{name[::-1]}.{secret}", "é.é"]
    assert [tokens.authorizations_of(peer_with(one)) for one in bad] == [None] * len(bad)


def test_the_file_has_no_token_in_plain_text_and_is_private(tokens, path):
    secret = tokens.issue("mesh/shop", NOW).partition(".")[2]
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o644)
    with pytest.raises(StoreFault):
        ProxyTokens(path, SCOPE).list()


def test_a_revoked_token_is_invalid_for_open_instances_at_once(tokens, path):
    token, other = tokens.issue("", NOW), tokens.issue("mesh/shop", NOW)
    assert tokens.authorizations_of(peer_with(token)) is not None
    ProxyTokens(path, SCOPE).revoke(token.partition(".")[0])
    assert tokens.authorizations_of(peer_with(token)) is None
    assert [one.id for one in tokens.list()] == [other.partition(".")[0]]
    with pytest.raises(TokenRefused):
        tokens.revoke("nothing")


@pytest.mark.parametrize("reach", ["shop", "mesh/", "mesh/shop/virtualService/front", "*"])
def test_a_token_for_an_invalid_scope_is_refused(tokens, reach):
    with pytest.raises(TokenRefused, match="mesh/M/virtualNode/N"):
        tokens.issue(reach, NOW)
    assert tokens.list() == ()


def test_the_number_of_tokens_is_limited(tokens, monkeypatch):
    monkeypatch.setattr(proxy_tokens, "MAX_TOKENS", 1)
    tokens.issue("", NOW)
    with pytest.raises(TokenRefused, match="revoke one first"):
        tokens.issue("", NOW)
