"""The imports of a command before it does anything: each module that is not needed costs the user time."""

from __future__ import annotations

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


def test_status_loads_no_botocore_models(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
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
