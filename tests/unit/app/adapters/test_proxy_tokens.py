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
def kept(path):
    return ProxyTokens(path, SCOPE)


def shown(token: str) -> Peer:
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
def test_a_token_is_good_for_what_it_was_made_for(kept, reach, found):
    assert kept.authorizations_of(shown(kept.issue(reach, NOW))) == (found,)


def test_what_is_no_token_of_ours_is_not_good(kept):
    token = kept.issue("", NOW)
    name, _, secret = token.partition(".")
    bad = ["", ".", name, f"{name}.", f".{secret}", f"{name}.{secret}x", f"{name[::-1]}.{secret}", "é.é"]
    assert [kept.authorizations_of(shown(one)) for one in bad] == [None] * len(bad)


def test_the_file_does_not_have_the_token_and_is_for_its_owner_alone(kept, path):
    secret = kept.issue("mesh/shop", NOW).partition(".")[2]
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o644)
    with pytest.raises(StoreFault):
        ProxyTokens(path, SCOPE).list()


def test_one_that_is_revoked_is_not_good_for_who_has_the_file_open(kept, path):
    token, other = kept.issue("", NOW), kept.issue("mesh/shop", NOW)
    assert kept.authorizations_of(shown(token)) is not None
    ProxyTokens(path, SCOPE).revoke(token.partition(".")[0])
    assert kept.authorizations_of(shown(token)) is None
    assert [one.id for one in kept.list()] == [other.partition(".")[0]]
    with pytest.raises(TokenRefused):
        kept.revoke("nothing")


@pytest.mark.parametrize("reach", ["shop", "mesh/", "mesh/shop/virtualService/front", "*"])
def test_one_for_nothing_is_not_made(kept, reach):
    with pytest.raises(TokenRefused, match="mesh/M/virtualNode/N"):
        kept.issue(reach, NOW)
    assert kept.list() == ()


def test_there_is_an_end_to_them(kept, monkeypatch):
    monkeypatch.setattr(proxy_tokens, "MAX_TOKENS", 1)
    kept.issue("", NOW)
    with pytest.raises(TokenRefused, match="revoke one first"):
        kept.issue("", NOW)
