"""A step of set-up that only some machines come to, on one that is made up."""

from __future__ import annotations

import subprocess

from tests.shape.tree import ROOT

SETUP = ROOT / "scripts/setup.sh"


def test_a_node_that_is_too_old_gives_way_to_the_one_that_is_fetched(tmp_path):
    places = {"old": "exit 1", "fetched": "exit 0"}
    for place, answer in places.items():
        (tmp_path / place).mkdir()
        for name in ("node", "npm"):
            program = tmp_path / place / name
            program.write_text(f"#!/bin/sh\n{answer}\n")
            program.chmod(0o755)
    steps, _, _ = SETUP.read_text().partition("\ntrap ")
    fetch = 'pip_install() { mv "$HERE/fetched" "$HERE/first"; }'
    asked = 'PATH="$HERE/first:$HERE/old:$PATH"\nadd_node\ncommand -v node'
    environment = {"HERE": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        ["bash", "-c", f"{steps}\n{fetch}\n{asked}", str(SETUP)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, f"{tmp_path}/first/node"), ran.stderr
