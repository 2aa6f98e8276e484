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
from moyai.domain.vpc.images import AGENT_VERSION, BOTTLEROCKET, OPTIMIZED, RUNTIME_VERSION, MachineImage, public_images
from moyai.kernel.arn import parse_arn, partition_of
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


def public_parameter(region: str, text: str) -> Parameter | None:
    """The public parameter of this name or ARN, with or without a version."""
    parsed = parse_arn(text)
    name = text if parsed is None else parsed.resource.removeprefix("parameter")
    return public_parameters(region).get(name.partition(":")[0])


def _values(region: str) -> Iterator[tuple[str, str]]:
    for image in public_images(region):
        yield from _values_of_image(image, PUBLIC + image.parameter)
    for tag in ("latest", "stable", _FLUENT_BIT_VERSION):
        version = "stable" if tag == "stable" else _FLUENT_BIT_VERSION
        yield f"{PUBLIC}aws-for-fluent-bit/{tag}", f"{_FLUENT_BIT}:{version}"


def _values_of_image(image: MachineImage, name: str) -> Iterator[tuple[str, str]]:
    if image.parameter.startswith(OPTIMIZED):
        recommended, facts = f"{name}/recommended", _facts(image)
        yield recommended, msgspec.json.encode(facts).decode()
        yield from ((f"{recommended}/{fact}", str(value)) for fact, value in facts.items() if fact != "schema_version")
    elif image.parameter.startswith(BOTTLEROCKET):
        for version in ("latest", image.version):
            yield f"{name}/{version}/image_id", image.id
            yield f"{name}/{version}/image_version", image.version
    else:
        yield name, image.id


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
