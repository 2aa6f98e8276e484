"""AWS's public parameters, as far as templates of ECS read them: machine images and the image of Fluent Bit.

Promise: they are no records. Their values never change, and those of machine images are the ids that DescribeImages
lists.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from moyai.domain.ssm.parameter import Parameter, ParameterType, ParameterVersion
from moyai.domain.vpc.images import AGENT_VERSION, RUNTIME_VERSION, MachineImage, ecs_images
from moyai.kernel.arn import partition_of
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ParameterArn
from moyai.kernel.secret import Secret

PUBLIC: Final = "/aws/service/"
"""The beginning of every public parameter's name."""
_MODIFIED_AT: Final = Instant(1_738_800_000.0)
_FLUENT_BIT: Final = "public.ecr.aws/aws-observability/aws-for-fluent-bit"
_FLUENT_BIT_VERSION: Final = "2.32.5"


@lru_cache(maxsize=64)
def public_parameters(region: str) -> Mapping[str, Parameter]:
    """The public parameters of a region by name."""
    values = dict(_values(region))
    return {name: _parameter(region, name, value) for name, value in sorted(values.items())}


def _values(region: str) -> Iterator[tuple[str, str]]:
    for image in ecs_images(region):
        recommended = f"{PUBLIC}ecs/optimized-ami/{image.variant}/recommended"
        facts = _facts(image)
        yield recommended, msgspec.json.encode(facts).decode()
        yield from ((f"{recommended}/{name}", str(value)) for name, value in facts.items() if name != "schema_version")
    for tag in ("latest", "stable", _FLUENT_BIT_VERSION):
        version = "stable" if tag == "stable" else _FLUENT_BIT_VERSION
        yield f"{PUBLIC}aws-for-fluent-bit/{tag}", f"{_FLUENT_BIT}:{version}"


def _facts(image: MachineImage) -> Mapping[str, object]:
    return {
        "schema_version": 1,
        "image_name": image.name,
        "image_id": image.id,
        "image_version": image.version,
        "os": image.os,
        "ecs_runtime_version": RUNTIME_VERSION,
        "ecs_agent_version": AGENT_VERSION,
    }


def _parameter(region: str, name: str, value: str) -> Parameter:
    arn = ParameterArn(f"arn:{partition_of(region)}:ssm:{region}::parameter{name}")
    return Parameter(arn, name, ParameterType.STRING, (ParameterVersion(1, Secret(value), _MODIFIED_AT, ""),))
