"""The calls that Terraform makes for examples/shop/terraform, from the first plan to `terraform destroy`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml

from tests.e2e.installation import Installation
from tests.e2e.test_shop_as_code import what_is_left
from tests.e2e.waiting import eventually
from tests.terraform_calls import TerraformCalls, fill

pytestmark = [pytest.mark.e2e, pytest.mark.heavy]

RESOURCES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("terraform_shop.yaml").read_text())
_PASSING = ("events", "updatedAt")
"""Members of a service that the provider does not read."""


def instances(name: str) -> Iterator[dict[str, Any]]:
    """A resource once, or once for each of its instances."""
    resource = RESOURCES[name]
    for instance in resource.get("each", [{}]):
        yield fill(resource, {f"each.{key}": value for key, value in instance.items()})


class Shop(TerraformCalls):
    """The shop's resources, made and deleted by their calls."""

    def apply(self) -> None:
        for name in RESOURCES:
            for resource in instances(name):
                self._do(resource, "create", "wait")

    def update(self) -> None:
        for name in RESOURCES:
            for resource in instances(name):
                self._do(resource, "update", "wait")

    def destroy(self) -> None:
        for name in reversed(RESOURCES):
            for resource in instances(name):
                self._do(resource, "delete", "wait_deleted")

    def plan(self) -> dict[str, list[dict[str, Any] | None]]:
        """The values that a plan reads, by resource."""
        reads = {name: [self.call(*step) for each in instances(name) for step in each["read"]] for name in RESOURCES}
        for service in jmespath.search('"aws_ecs_service.this"[].services[]', reads):
            for shown in (service, *service["deployments"]):
                for member in _PASSING:
                    shown.pop(member, None)
        return reads

    def _do(self, resource: dict[str, Any], part: str, wait: str) -> None:
        for step in resource.get(part, ()):
            self.call(*step)
        if part in resource and wait in resource:
            service, operation, parameters, condition, *keep = resource[wait]
            eventually(lambda: jmespath.search(condition, self.call(service, operation, parameters, *keep)), condition)


def test_a_second_plan_has_no_changes_and_destroy_leaves_nothing(simulation: Installation):
    shop = Shop(simulation.client)
    shop.apply()
    first = shop.plan()
    assert shop.plan() == first
    shop.update()
    updated = shop.plan()
    assert updated != first
    assert shop.plan() == updated
    shop.destroy()
    assert what_is_left(simulation) == {}
