"""botocore's service models, loaded from its package data.

Promise: this is the only reader of these files. The models include values that AWS accepts and the published files
lack.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader
from botocore.model import ServiceModel

SERVICES = (
    "ecs",
    "servicediscovery",
    "appmesh",
    "cloudwatch",
    "logs",
    "ec2",
    "acm-pca",
    "acm",
    "sts",
    "ram",
    "application-autoscaling",
    "ssm",
    "secretsmanager",
    "ecr",
    "efs",
    "elbv2",
    "cloudformation",
    "route53",
    "scheduler",
    "events",
    "resourcegroupstaggingapi",
)
"""The services of the API gateway, by botocore's names."""

_LEFT_OUT: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"ecs": MappingProxyType({"SettingName": ("dualStackIPv6",)})}
)
"""By service and shape, values that the service takes and its published model doesn't list. Source:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
"""


def load_models(names: Iterable[str] = SERVICES) -> Mapping[str, ServiceModel]:
    """The models by botocore's service name, newest API version. About 0.1 s for all of them."""
    loader = Loader(file_loader=_Quick())
    return MappingProxyType({name: _model(loader, name) for name in names})


class _Quick(JSONFileLoader):
    """Botocore's own takes twice as long, which everybody who starts a control plane would wait for."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 (JSON)
        """The contents of ``file_path`` with the suffix added; None where no such file exists."""
        packed_path = Path(f"{file_path}.json.gz")
        if not packed_path.exists():
            return super().load_file(file_path)
        return msgspec.json.decode(gzip.decompress(packed_path.read_bytes()))


def _model(loader: Loader, name: str) -> ServiceModel:
    description = loader.load_service_model(name, "service-2")
    shapes = dict(description["shapes"])
    for shape, values in _LEFT_OUT.get(name, {}).items():
        shapes[shape] = {**shapes[shape], "enum": [*shapes[shape]["enum"], *values]}
    return ServiceModel({**description, "shapes": shapes}, name)
