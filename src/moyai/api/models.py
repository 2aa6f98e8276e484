"""botocore's service models, loaded from its package data.

Promise: the only reader of those files; the wire is handed what it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from botocore.loaders import Loader
from botocore.model import ServiceModel

SERVICES = (
    "ecs",
    "servicediscovery",
    "appmesh",
    "cloudwatch",
    "logs",
    "ec2",
    "acm-pca",
    "sts",
    "ram",
    "application-autoscaling",
    "ssm",
    "secretsmanager",
)
"""The services that the door knows, by botocore's names."""


def load_models(names: Iterable[str] = SERVICES) -> Mapping[str, ServiceModel]:
    """The models by botocore's service name, newest API version. About 0.2 s for all of them."""
    loader = Loader()
    return MappingProxyType({name: ServiceModel(loader.load_service_model(name, "service-2"), name) for name in names})
