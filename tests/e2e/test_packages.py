"""The wheel and the source distribution: built, installed, and used without the repository.

The heavy test installs each with all its dependencies into an empty environment. The quick one unpacks the wheel and
runs it with the dependencies of the test environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
RUN_EXAMPLE = """
import sys
from moyai.cli.demo.command import example_folder
from moyai.cli.demo.shop import ORDER, Shop
from moyai.cli.remote import Remote

shop = Shop(Remote(sys.argv[1], "us-east-1", own_credentials=True), example_folder())
shop.create()
for name in ORDER:
    shop.wait_until_steady(name)
print(example_folder())
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with both, built as docs/releasing.md does it."""
    folder = tmp_path_factory.mktemp("dist")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # which has Node.js where the machine has none
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=True, capture_output=True)
    return folder


def use(python: Path, folder: Path, environment: Mapping[str, str]) -> Path:
    """Start moyai on simulated tasks, look at the console and run the example there; where the example was found."""

    def run(*arguments: str) -> str:
        return subprocess.check_output([python, *arguments], cwd=folder, env=environment, text=True).strip()

    assert run("-m", "moyai", "--version") == f"moyai {VERSION}"
    options = ["--runtime", "sim", "--port", "0", "--dns-port", "0", "--state", str(folder / "state")]
    command = [str(python), "-m", "moyai", "up", *options]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("moyai ready on ").strip()
            assert console_page(url).startswith("<!doctype html>")
            return Path(run("-c", RUN_EXAMPLE, url))
        finally:
            server.terminate()


def console_page(url: str) -> str:
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/console/")
    response = connection.getresponse()
    assert response.status == 200
    page = response.read().decode().lower()
    connection.close()
    return page


@pytest.mark.heavy
def test_the_wheel_has_the_console_and_the_example(packages, tmp_path):
    (wheel,) = packages.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    example = use(Path(sys.executable), tmp_path, os.environ | {"PYTHONPATH": str(site)})
    assert example.is_relative_to(site)


@pytest.mark.heavy
def test_the_source_distribution_needs_no_node_to_become_a_wheel(packages, tmp_path):
    (archive,) = packages.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    old = tmp_path / "bin"
    old.mkdir()
    (old / "node").write_text("#!/bin/sh\nexit 1\n")
    (old / "node").chmod(0o755)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    environment = os.environ | {"PATH": f"{old}:/usr/bin:/bin"}
    subprocess.run(command, cwd=source, env=environment, check=True, capture_output=True)
    (first,), (second,) = packages.glob("*.whl"), (source / "dist").glob("*.whl")
    assert zipfile.ZipFile(first).namelist() == zipfile.ZipFile(second).namelist()


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"], ids=["wheel", "source distribution"])
def test_a_package_works_in_an_empty_environment(kind, packages, tmp_path):
    (package,) = packages.glob(kind)
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    python = home / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True, cwd=tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert use(python, tmp_path, environment).is_relative_to(home)
