"""The build, served: nothing but its files, and the page for whatever else."""

from __future__ import annotations

import gzip
import os

import pytest

from moyai.api.wire.http import HttpRequest
from moyai.console.files import Files


@pytest.fixture
def files(tmp_path):
    build = tmp_path / "build"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<page>")
    (build / "assets/index-1a2b.js").write_text("run()")
    (build / "assets/index-1a2b.js.gz").write_bytes(gzip.compress(b"run()"))
    (tmp_path / "secret.json").write_text("outside")
    return Files(build)


def get(name, method="GET", **headers):
    return HttpRequest(method, f"/console/{name}", "", headers), name


@pytest.mark.parametrize(
    "name", ["", "index.html", "clusters", "clusters/shop/services/front%2Fx", "a/../b", "%2e%2e/x"]
)
def test_a_page_path_returns_the_page_without_caching(files, name):
    answer = files.answer(*get(name))
    assert (answer.status, answer.body) == (200, b"<page>")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "name",
    ["../secret.json", "%2e%2e/secret.json", "..%2fsecret.json", "/../secret.json", "assets/../../secret.json", "\0"],
)
def test_no_path_leaves_the_build_directory(files, name):
    assert "outside" not in repr(files.answer(*get(name)).body)


def test_an_asset_is_cached_and_compressed_on_request(files):
    plain, answer = (
        files.answer(*get("assets/index-1a2b.js")),
        files.answer(*get("assets/index-1a2b.js", **{"accept-encoding": "br, gzip;q=0.8"})),
    )
    assert plain.body == gzip.decompress(answer.body) == b"run()"
    assert "immutable" in plain.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    refused = files.answer(*get("assets/index-1a2b.js", **{"accept-encoding": "gzip;q=0, br"}))
    assert (refused.body, "content-encoding" in refused.headers) == (b"run()", False)
    assert plain.headers["content-type"].startswith("text/javascript")


def test_an_unknown_asset_is_not_found(files):
    assert files.answer(*get("assets/index-0000.js")).status == 404


def test_the_content_security_policy_allows_only_the_build(files):
    headers = files.answer(*get("")).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


def test_only_get_and_head_are_allowed(files):
    assert files.answer(*get("", "POST")).status == 405


def test_a_missing_build_is_reported_with_a_remedy(tmp_path):
    answer = Files(tmp_path).answer(*get(""))
    assert answer.status == 404
    assert "make setup" in repr(answer.body)


def test_a_new_build_replaces_the_old_one(files, tmp_path):
    assert files.answer(*get("assets/index-0000.js")).status == 404
    (tmp_path / "build/assets/index-0000.js").write_text("newer()")
    (tmp_path / "build/index.html").write_text("<newer>")
    os.utime(tmp_path / "build/index.html", ns=(1, 1))
    assert files.answer(*get("assets/index-0000.js")).body == b"newer()"
    assert files.answer(*get("")).body == b"<newer>"
