"""The Terraform files of the examples: they parse, and the calls replayed for the shop have what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

ROOT = Path(__file__).parents[3]
SHOP = ROOT / "examples/shop/terraform"
REPLAYED: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "tests/e2e/terraform_shop.yaml").read_text())
_OF_TERRAFORM = {"count", "for_each", "depends_on", "lifecycle", "dynamic", "content", "wait_for_steady_state"}
"""What Terraform and its provider evaluate without a call that has it."""
_NAMED_OTHERWISE = {
    "security_group_id": "GroupId",
    "cidr_ipv4": "CidrIp",
    "referenced_security_group_id": "UserIdGroupPairs",
    "recovery_window_in_days": "ForceDeleteWithoutRecovery",
    "tags": "Tags",
    "deployment_minimum_healthy_percent": "minimumHealthyPercent",
    "deployment_maximum_percent": "maximumPercent",
}


def parse(path: Path) -> dict[str, Any]:
    with path.open() as file:
        return hcl2.load(file)


def resources(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each resource of a file by its address."""
    for block in parse(path).get("resource", ()):
        for kind, named in block.items():
            for name, body in named.items():
                yield f"{kind}.{name}".replace('"', ""), body


def attributes(body: dict[str, Any]) -> Iterator[str]:
    """The names of a block's attributes and of its nested blocks, without what is Terraform's own."""
    for name, value in body.items():
        plain = name.strip('"')
        if name.startswith("__"):
            continue
        if plain not in _OF_TERRAFORM:
            yield plain
        blocks = value if isinstance(value, list) else [value]
        if plain != "lifecycle":
            for block in blocks:
                if isinstance(block, dict) and ("__is_block__" in block or plain in ("dynamic", "content")):
                    yield from attributes(block)


def members(value: Any) -> Iterator[str]:
    """The names of all members of a call's parameters, and the keys of attributes in them."""
    match value:
        case dict():
            for name, item in value.items():
                yield from (name, item) if name == "Key" else (name,)
                yield from members(item)
        case list():
            for item in value:
                yield from members(item)


def squash(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum()).lower()


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/**/*.tf")), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_parses(path):
    assert parse(path)


def test_each_resource_of_the_shop_is_replayed_and_no_other():
    named = {address for path in SHOP.glob("**/*.tf") for address, _ in resources(path)}
    assert named == REPLAYED.keys() - {"data"}


@pytest.mark.parametrize(
    ("address", "body"), [pair for path in sorted(SHOP.glob("**/*.tf")) for pair in resources(path)]
)
def test_each_attribute_is_in_a_replayed_call(address, body):
    resource = REPLAYED[address]
    calls = [step[2] for part in ("create", "delete") for step in resource[part]]
    sent = {squash(name) for call in (*calls, *resource.get("each", ())) for name in members(call)}
    for name in attributes(body):
        wanted = squash(_NAMED_OTHERWISE.get(name, name))
        assert any(wanted in member for member in sent), f"{address}: no call has {name}"
