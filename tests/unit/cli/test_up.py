"""Quotas and headers in the options of ``moyai up``, and what it prints when it is ready."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from moyai.app.config import DEFAULT_STATE, ServerSettings
from moyai.cli import up
from moyai.cli.options import domain_name, resource_types


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
    assert "secr" not in repr(up._metrics(1, "http://127.0.0.1", "api-key=secret", 0))


@pytest.mark.parametrize(
    ("text", "address", "is_loopback"),
    [("127.0.0.1:14566", "127.0.0.1", True), ("[::1]:80", "::1", True), ("0.0.0.0:80", "0.0.0.0", False)],  # noqa: S104
)
def test_the_published_address_decides_whether_keys_are_needed(text, address, is_loopback):
    settings = ServerSettings("0.0.0.0", **up._published_address(text))  # noqa: S104 - a container's
    assert (settings.published_address, settings.published_on_loopback) == (address, is_loopback)
    assert settings.needs_keys is not is_loopback
    assert not settings.loopback


def test_without_a_published_address_the_listening_address_decides():
    assert up._published_address(None) == {}
    assert ServerSettings("0.0.0.0").needs_keys  # noqa: S104
    assert not ServerSettings().needs_keys


@pytest.mark.parametrize("text", ["", "127.0.0.1", "host:80", ":80", "127.0.0.1:http"])
def test_a_published_address_is_an_address_and_a_port(text):
    with pytest.raises(typer.BadParameter):
        up._published_address(text)


def test_the_domain_of_load_balancers_is_a_domain():
    assert domain_name("ELB.example.test.", "--elb-domain") == "elb.example.test"
    for wrong in ("", "a..b", "-a.test", "a_b.test", f"{'a.' * 64}test"):
        with pytest.raises(typer.BadParameter):
            domain_name(wrong, "--elb-domain")


def test_types_of_resources_are_given_one_by_one_or_with_commas():
    option = "--skip-resource-type"
    given_types = ["AWS::EC2::Instance, AWS::CodeBuild::*", "Custom::Thing", "AWS::EC2::Instance", "Custom::*"]
    assert resource_types(given_types, option) == (
        "AWS::EC2::Instance",
        "AWS::CodeBuild::*",
        "Custom::Thing",
        "Custom::*",
    )
    others = ("Alexa::ASK::Skill", "Datadog::Monitors::*", "MyOrg::Network::Vpc::MODULE")
    assert resource_types(others, option) == others
    for wrong in ("EC2::Instance", "AWS::*", "AWS::EC2::Inst*", "Custom::", "Skipped::EC2::Instance", "A::B::C::D"):
        with pytest.raises(typer.BadParameter, match="is not a resource type like"):
            resource_types([wrong], option)


def test_a_state_directory_that_is_not_the_default_is_named_for_other_shells():
    assert "MOYAI_STATE" not in up._ready_message("http://127.0.0.1:1", DEFAULT_STATE)
    lines = up._ready_message("http://127.0.0.1:1", Path("/srv/my shop")).splitlines()
    assert lines[0] == "moyai ready on http://127.0.0.1:1"
    assert lines[3].strip() == "in other shells: export MOYAI_STATE='/srv/my shop'"
