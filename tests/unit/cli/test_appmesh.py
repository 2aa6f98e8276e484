"""``moyai appmesh proxy`` and ``token``, as far as they go without an Envoy of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moyai.cli.main import command_line

ENVOY = Path(sys.executable).with_name("envoy")
NODE = "mesh/shop/virtualNode/front"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line(), ["appmesh", *arguments], terminal_width=200)
    return result.exit_code, result.output


def print_bootstrap(*options: str, node: str = NODE) -> dict[str, Any]:
    code, output = run("proxy", node, "--print", *options)
    assert code == 0, output
    document: dict[str, Any] = json.loads(output)
    return document


def cluster(bootstrap: dict[str, Any]) -> dict[str, Any]:
    (found_cluster,) = (
        each_cluster
        for each_cluster in bootstrap["static_resources"]["clusters"]
        if each_cluster["name"] == "moyai-xds"
    )
    assert isinstance(found_cluster, dict)
    return found_cluster


def metadata_of(service: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"] for one in service["initial_metadata"]}


def services(bootstrap: dict[str, Any]) -> list[dict[str, Any]]:
    stream = bootstrap["dynamic_resources"]["ads_config"]["grpc_services"][0]
    return [stream, bootstrap["stats_sinks"][0]["typed_config"]["grpc_service"]]


@pytest.fixture
def authority(tmp_path):
    path = tmp_path / "ca.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(tmp_path / "ca.key"), "-out", str(path)]
    subprocess.run([*made, *files, "-subj", "/CN=x"], check=True, capture_output=True)
    return path


def test_a_local_proxy_needs_a_node_id_and_a_socket(tmp_path):
    printed_json = print_bootstrap("--state", str(tmp_path))
    assert printed_json["node"]["id"] == NODE
    assert printed_json["dynamic_resources"]["ads_config"]["api_type"] == "DELTA_GRPC"
    endpoint = cluster(printed_json)["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    assert endpoint["address"] == {"pipe": {"path": str(tmp_path / "run" / "appmesh.sock")}}
    assert printed_json["admin"] == {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}}
    names = {metadata_of(service)["x-moyai-workload"] for service in services(printed_json)}
    assert [name.rpartition("#")[0] for name in names] == [NODE]


def test_each_proxy_has_a_unique_name():
    names = {metadata_of(services(print_bootstrap())[0])["x-moyai-workload"] for _ in range(2)}
    assert len(names) == 2


def test_options_are_in_the_bootstrap():
    options = ("--sotw", "--admin", "[::1]:9000", "--socket", "/s", "--variable", "ENABLE_ENVOY_STATS_TAGS=1")
    printed_json = print_bootstrap(*options, node="mesh/shop/virtualGateway/way")
    assert printed_json["dynamic_resources"]["ads_config"]["api_type"] == "GRPC"
    assert printed_json["admin"]["address"]["socket_address"] == {"address": "::1", "port_value": 9000}
    tags = {tag["tag_name"]: tag.get("fixed_value") for tag in printed_json["stats_config"]["stats_tags"]}
    assert (tags["appmesh.mesh"], tags["appmesh.virtual_gateway"]) == ("shop", "way")


def test_over_tcp_the_token_is_sent_with_stream_and_reports(authority):
    printed_json = print_bootstrap("--xds", "10.0.0.1:9443", "--ca", str(authority), "--token", "a.b")
    assert [metadata_of(service)["authorization"] for service in services(printed_json)] == ["Bearer a.b"] * 2
    context = cluster(printed_json)["transport_socket"]["typed_config"]
    assert context["sni"] == "xds.moyai.internal"
    assert context["common_tls_context"]["validation_context"]["trusted_ca"]["inline_string"] == authority.read_text()


def test_over_tcp_a_client_certificate_is_configured(authority):
    own = ("--cert", str(authority), "--key", str(authority.with_suffix(".key")))
    printed_json = print_bootstrap("--xds", "xds.example:9443", "--ca", str(authority), *own)
    context = cluster(printed_json)["transport_socket"]["typed_config"]["common_tls_context"]
    assert context["tls_certificates"][0]["certificate_chain"] == {"filename": str(authority)}
    assert "authorization" not in metadata_of(services(printed_json)[0])


@pytest.mark.parametrize(
    "options",
    [
        ("--socket", "/run/s"),
        ("--sotw",),
        ("--xds", "127.0.0.1:9443", "--token", "a.b"),
        (
            "--xds",
            "x.example:9443",
            "--own",
        ),
    ],
    ids=["socket", "whole sets", "token", "certificate"],
)
def test_envoy_accepts_the_bootstrap(options, authority, tmp_path):
    own = ("--cert", str(authority), "--key", str(authority.with_suffix(".key")))
    requests = [word for option in options for word in (own if option == "--own" else (option,))]
    requests += ["--ca", str(authority)] if "--xds" in requests else []
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(print_bootstrap(*requests)))
    command = [str(ENVOY), "--mode", "validate", "--config-path", str(config), "--log-level", "warning"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["front"], "mesh/M/virtualNode/N", id="no node id"),
        pytest.param([NODE, "--xds", "a:1", "--socket", "/s"], "not both", id="two ways"),
        pytest.param([NODE, "--xds", "a:1", "--ca", "CA"], "--token", id="nothing to show"),
        pytest.param([NODE, "--xds", "a", "--ca", "CA", "--token", "x"], "127.0.0.1:9443", id="no port"),
        pytest.param([NODE, "--xds", "u@a:1", "--ca", "CA", "--token", "x"], "127.0.0.1:9443", id="more than a place"),
        pytest.param([NODE, "--xds", "a:1", "--ca", "/none", "--token", "x"], "/none", id="no authority"),
        pytest.param([NODE, "--xds", "a:1", "--ca", "CA", "--cert", "/c"], "given together", id="half a certificate"),
        pytest.param([NODE, "--admin", "9901"], "127.0.0.1:9443", id="admin"),
        pytest.param([NODE, "--log-level", "loud"], "ENVOY_LOG_LEVEL", id="log level"),
        pytest.param([NODE, "--variable", "ENVOY_CONFIG_FILE=/x"], "ENVOY_CONFIG_FILE", id="refused variable"),
    ],
)
def test_incompatible_options_are_refused(options, message, authority):
    code, output = run("proxy", *(str(authority) if option == "CA" else option for option in options))
    assert code == 2
    assert message in " ".join(output.replace("│", " ").split())


def test_a_token_is_printed_once_and_listed_by_id(tmp_path):
    state = ("--state", str(tmp_path))
    assert run("token", "list", *state) == (0, "There are no tokens.\n")
    code, token = run("token", "issue", "--for", "mesh/shop", *state)
    name, _, secret = token.strip().partition(".")
    assert (code, len(secret)) == (0, 40)
    _, listed = run("token", "list", "--json", *state)
    assert [(one["Id"], one["For"]) for one in json.loads(listed)] == [(name, "mesh/shop")]
    assert secret not in listed
    assert run("token", "revoke", name, *state) == (0, f"Revoked {name}\n")
    assert run("token", "list", *state)[1] == "There are no tokens.\n"
