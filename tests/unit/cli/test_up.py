"""Quotas and headers, as ``moyai up`` is told them."""

from __future__ import annotations

import pytest
import typer

from moyai.cli import up


def test_quota_options_are_parsed():
    quotas = up._quotas(["namespaces=7", "virtual-nodes-per-mesh=1000", "namespaces=8"])
    assert quotas == {"namespaces": 8, "virtual_nodes_per_mesh": 1000}
    assert up._cloud_map(quotas, 1.0, ()).namespaces == 8


@pytest.mark.parametrize("asked", ["", "namespaces", "namespaces=", "namespaces=-1", "namespaces=x", "nodes=1"])
def test_an_unknown_quota_is_refused_with_the_known_ones(asked):
    with pytest.raises(typer.BadParameter, match=r"namespaces, .*, virtual-nodes-per-mesh, "):
        up._quotas([asked])


def test_headers_have_the_format_of_opentelemetrys_variable():
    headers = up._headers("Authorization=Basic%20c2hvcA==, x-tenant = a%2Cb,")
    assert headers == {"authorization": "Basic c2hvcA==", "x-tenant": "a,b"}
    assert up._headers("") == {}


@pytest.mark.parametrize("written", ["secret", "=secret", "a b=secret", "a=secret%0d%0ab: c", "a=secr%C3%A9t"])
def test_a_malformed_header_is_refused_without_its_value(written):
    with pytest.raises(typer.BadParameter, match="header 2 is not NAME=VALUE") as exc_info:
        up._headers(f"api-key=1,{written}")
    assert "secr" not in str(exc_info.value)
    assert "secr" not in repr(up._metrics(1, "http://127.0.0.1", "api-key=secret"))
