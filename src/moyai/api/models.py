"""botocore's service models, loaded from its package data.

Promise: this is the only reader of these files. Only a model's metadata, which routes requests, is read at once; its
operations and shapes are read when the first of them is used. The models include enum values that AWS accepts and the
published files lack.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader
from botocore.model import ServiceModel, Shape
from typing_extensions import override

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

_MISSING_ENUM_VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"ecs": MappingProxyType({"SettingName": ("dualStackIPv6",)})}
)
"""By service and shape, enum values that the service accepts and its published model lacks. Source:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
"""

_TYPE = "service-2"
_HEAD_BYTES = 16 * 1024
"""The part of a file that is read for its metadata, which AWS's files have before everything else."""
_METADATA = re.compile(r'"metadata"\s*:\s*')


def load_models(names: Iterable[str] = SERVICES) -> Mapping[str, ServiceModel]:
    """The models by botocore's service name, newest API version."""
    return MappingProxyType({name: _LazyModel(name) for name in names})


class _LazyModel(ServiceModel):
    """A model whose operations and shapes are read when they are first used."""

    def __init__(self, name: str) -> None:
        head_loader = Loader(file_loader=_HeadLoader())
        version = head_loader.determine_latest_version(name, _TYPE)
        metadata = head_loader.load_data(f"{name}/{version}/{_TYPE}")["metadata"]
        parts = _Parts(name)
        self._shapes = _LazyPart(parts, "shapes")
        operations = _LazyPart(parts, "operations")
        super().__init__({"metadata": metadata, "operations": operations, "shapes": self._shapes}, name)

    @cached_property
    @override
    def error_shapes(self) -> list[Shape]:
        """The service's error shapes. botocore's own property would make an object for every other shape, too."""
        return [self.shape_for(name) for name, shape in self._shapes.items() if shape.get("exception")]


class _Parts:
    """The contents of a model's file, which are read once."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """The operations and the shapes."""
        description = Loader(file_loader=_QuickLoader()).load_service_model(self._name, _TYPE)
        shapes = dict(description["shapes"])
        for shape, values in _MISSING_ENUM_VALUES.get(self._name, {}).items():
            shapes[shape] = {**shapes[shape], "enum": [*shapes[shape]["enum"], *values]}
        return {"operations": description["operations"], "shapes": shapes}


class _LazyPart(Mapping[str, Any]):
    """The operations or the shapes of a model."""

    def __init__(self, parts: _Parts, key: str) -> None:
        self._parts, self._key = parts, key

    @override
    def __getitem__(self, name: str) -> Any:
        return self._parts.contents[self._key][name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._parts.contents[self._key])

    @override
    def __len__(self) -> int:
        return len(self._parts.contents[self._key])


class _QuickLoader(JSONFileLoader):
    """Decodes with msgspec: botocore's loader takes twice as long, and no other request is answered meanwhile."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 (JSON)
        """The contents of ``file_path`` with the suffix added; None where no such file exists."""
        packed_path = Path(f"{file_path}.json.gz")
        if not packed_path.exists():
            return super().load_file(file_path)
        return msgspec.json.decode(gzip.decompress(packed_path.read_bytes()))


class _HeadLoader(_QuickLoader):
    """Reads the metadata alone, where it is at the beginning of a compressed file."""

    @override
    def load_file(self, file_path: str) -> Any:
        packed_path = Path(f"{file_path}.json.gz")
        if packed_path.exists():
            with gzip.open(packed_path) as file:
                head = file.read(_HEAD_BYTES).decode(errors="replace")
            if match := _METADATA.search(head):
                try:
                    return {"metadata": json.JSONDecoder().raw_decode(head, match.end())[0]}
                except ValueError:  # the metadata is longer than _HEAD_BYTES
                    return super().load_file(file_path)
        return super().load_file(file_path)
