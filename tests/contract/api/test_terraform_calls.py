"""The calls of Terraform's aws provider, by resource: what a second plan reads is what the first apply left."""

from __future__ import annotations

from pathlib import Path

import jmespath
import pytest
import yaml
from botocore.exceptions import ClientError

from tests.contract.api.installation import Installation
from tests.terraform_calls import TerraformCalls

RESOURCES = yaml.safe_load(Path(__file__).with_name("terraform.yaml").read_text())


class Terraform(TerraformCalls):
    """Applies and destroys resources of the file."""

    def __init__(self) -> None:
        self.installation = Installation()
        super().__init__(self.installation.client)
        self.applied: list[str] = []

    def apply(self, name: str) -> None:
        """Create a resource after those that it needs."""
        for needed in RESOURCES[name].get("needs", ()):
            if needed not in self.applied:
                self.apply(needed)
        self.steps(name, "create")
        self.applied.append(name)

    def steps(self, name: str, part: str):
        """The answers of one part of a resource's calls."""
        return [self.call(*step) for step in RESOURCES[name].get(part, ())]

    def first_read(self, name: str):
        """The first read of a deleted resource: the error's code, or what ``gone`` selects."""
        service, operation, parameters, *_ = RESOURCES[name]["read"][0]
        try:
            answer = self.call(service, operation, parameters)
        except ClientError as refused:
            return refused.response["Error"]["Code"]
        return jmespath.search(RESOURCES[name]["gone"], answer)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_second_plan_reads_what_the_first_apply_left(name):
    terraform = Terraform()
    terraform.apply(name)
    assert terraform.steps(name, "read") == terraform.steps(name, "read")
    if "update" in RESOURCES[name]:
        before = terraform.steps(name, "read")
        terraform.steps(name, "update")
        assert terraform.steps(name, "read") == terraform.steps(name, "read") != before
    terraform.steps(name, "delete")
    if "gone" in RESOURCES[name]:
        assert terraform.first_read(name) in (RESOURCES[name]["gone"], [])
