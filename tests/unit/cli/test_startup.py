"""The imports of a command before it does anything: each module that is not needed costs the user time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FOR_HELP = {
    "asyncio",
    "botocore",
    "cryptography",
    "google.protobuf",
    "grpc",
    "httpx",
    "numpy",
    "pydantic",
    "pyroute2",
    "rich",
    "websockets",
}
OF_THE_SERVER = {"moyai.api", "moyai.domain.world", "moyai.plan", "moyai.runtime", "moyai.store", "moyai.xds"}


def imported_modules(program: str) -> set[str]:
    """The modules that a program has imported at its end."""
    report = "import sys; print('imported:', *sys.modules)"
    output = subprocess.check_output([sys.executable, "-c", f"{program}\n{report}"], text=True)
    return set(output.rpartition("imported:")[2].split())


def test_help_imports_no_server_and_no_command_modules():
    run = "import moyai.cli.main as m\ntry:\n    m.command_line()(['--help'])\nexcept SystemExit:\n    pass"
    assert imported_modules(run) & (FOR_HELP | OF_THE_SERVER) == set()


def test_a_command_imports_no_other_command():
    run = "import moyai.cli.main as m\ntry:\n    m.command_line('down')(['--help'])\nexcept SystemExit:\n    pass"
    modules = imported_modules(run)
    assert "moyai.cli.down" in modules
    assert "moyai.cli.up" not in modules


@pytest.mark.parametrize("credentials", [{}, {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}])
def test_status_loads_no_botocore_models(credentials, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {"HOME": str(tmp_path), **credentials}.items():
        monkeypatch.setenv(name, value)
    arguments = ["status", "--endpoint", "http://127.0.0.1:1"]
    run = f"import moyai.cli.main as m\ntry:\n    m.command_line()({arguments})\nexcept Exception:\n    pass"
    assert (
        imported_modules(run) & ({"botocore.session", "botocore.client"} | FOR_HELP - {"botocore"} | OF_THE_SERVER)
        == set()
    )


@pytest.mark.parametrize("module", ["moyai.cli.main", "moyai.app.images"])
def test_importing_a_command_imports_no_server_modules(module):
    heavy = OF_THE_SERVER - {"moyai.runtime"} | {"grpc", "google.protobuf", "pyroute2", "botocore.session"}
    assert imported_modules(f"import {module}") & heavy == set()
