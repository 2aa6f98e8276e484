"""Steps of set-up and of the build that only some machines take, on one that is made up."""

from __future__ import annotations

import subprocess
import sys

from tests.shape.tree import ROOT

SETUP = ROOT / "scripts/setup.sh"


def test_setup_replaces_a_node_that_is_too_old(tmp_path):
    places = {"old": "exit 1", "fetched": "exit 0"}
    for place, answer in places.items():
        (tmp_path / place).mkdir()
        for name in ("node", "npm"):
            program = tmp_path / place / name
            program.write_text(f"#!/bin/sh\n{answer}\n")
            program.chmod(0o755)
    steps, _, _ = SETUP.read_text().partition("\ntrap ")
    fetch = 'pip_install() { mv "$HERE/fetched" "$HERE/first"; }'
    script = 'PATH="$HERE/first:$HERE/old:$PATH"\nadd_node\ncommand -v node'
    environment = {"HERE": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        ["bash", "-c", f"{steps}\n{fetch}\n{script}", str(SETUP)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, f"{tmp_path}/first/node"), ran.stderr


def test_building_without_node_fails_with_one_sentence(tmp_path):
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    build = (
        "import sys; sys.path.insert(0, 'scripts'); from build_hook import ConsoleHook;"
        "hook = ConsoleHook('.', {}, None, None, '.', 'wheel'); hook.initialize('standard', {})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", build],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, len(ran.stderr.splitlines())) == (1, 1), ran.stderr
    assert ran.stderr.startswith("moyai: building the console needs Node.js")
