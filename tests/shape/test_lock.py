"""requirements.lock follows pyproject.toml, and each line of it can be verified; `make lock` writes it."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.shape.tree import ROOT

LOCK = ROOT / "requirements.lock"
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)


def asked_for():
    """The dependencies in pyproject.toml: at run time, to develop and to build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = (
        project["project"]["dependencies"],
        project["dependency-groups"]["dev"],
        project["build-system"]["requires"],
    )
    return [Requirement(line) for group in groups for line in group]


def test_every_requirement_is_locked_at_an_allowed_version():
    locked = {pin["name"]: pin["version"] for pin in PIN.finditer(LOCK.read_text())}
    wanting = [
        str(requirement)
        for requirement in asked_for()
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
    ]
    assert wanting == [], "run `make lock`"


def test_every_locked_version_has_hashes():
    blocks = re.split(r"\n(?=[a-z])", LOCK.read_text().partition("\n")[2])
    assert [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_every_dependency_has_its_reason():
    reasons = (ROOT / "docs/decisions/dependencies.md").read_text()
    matches = set(re.findall(r"[a-z0-9-]+", reasons))
    assert [requirement.name for requirement in asked_for() if canonicalize_name(requirement.name) not in matches] == []
