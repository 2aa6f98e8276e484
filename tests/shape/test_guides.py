"""Every command that a guide page prints is run by a test, or marked with the reason why not."""

from __future__ import annotations

import re

import pytest

from tests.e2e.guide import GUIDE, PROJECT, blocks_of, followers
from tests.e2e.test_guides import AFTER_APP_MESH, APP_MESH

PAGES = sorted(path.name for path in GUIDE.glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_a_test_runs_the_commands_of_a_page(page):
    tests = [path.read_text() for path in (PROJECT / "tests/e2e").rglob("test_*.py")]
    assert not blocks_of(page) or any(f'"{page}"' in text or f"/{page}" in text for text in tests)


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_in_blocks_that_tests_run(page):
    text = (GUIDE / page).read_text()
    outputs = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    commands_only = [block for block in outputs if all(line.startswith("$ ") for line in block.splitlines())]
    assert not commands_only, "without output, commands are in a block of sh, which is run"


def test_commands_that_follow_another_page_run_after_it():
    assert followers() == {(page, APP_MESH) for page in AFTER_APP_MESH}
