"""A city of services: by default two hundred in four namespaces and six clusters, with some eight hundred edges.

Fills a control plane that runs simulated tasks, so that whatever shows a mesh can be looked at when it is large:

    .venv/bin/moyai up --runtime sim --port 4599 --state /tmp/city &
    .venv/bin/python -m tests.e2e.console.city http://127.0.0.1:4599

Always the same city. Some calls fail, some are slow, some are TCP.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import botocore.session
from botocore.config import Config

NAMESPACES: Final = MappingProxyType({"shop": 90, "media": 60, "payments": 35, "internal": 15})
CLUSTERS: Final = ("edge", "web", "core", "data", "batch", "partners")
TIERS: Final = 6
WORDS: Final = (
    *("account", "basket", "catalog", "delivery", "events", "feed", "gateway", "history", "image", "journal"),
    *("ledger", "mail", "notify", "offers", "profile", "quote", "rating", "search", "stock", "token", "user", "video"),
)
ENDS: Final = ("api", "worker", "store", "cache", "view", "rules", "index", "sync", "queue", "batch")
FAILING: Final = 0.06
SLOW: Final = 0.08
TCP: Final = 0.12


class Service(NamedTuple):
    """One service to be. ``calls``: name to its words in a script."""

    name: str
    namespace: str
    cluster: str
    tcp: bool
    tasks: int
    calls: tuple[str, ...]


def city(namespaces: Mapping[str, int] = NAMESPACES, seed: int = 7) -> Iterator[Service]:
    """So many services in each namespace, every one after those that it calls."""
    dice = random.Random(seed)  # noqa: S311 (the same city each time, nothing secret)
    free = dice.sample([f"{word}-{end}" for word in WORDS for end in ENDS], len(WORDS) * len(ENDS))
    for namespace, count in namespaces.items():
        names, free = free[:count], free[count:]
        tiers = [names[tier::TIERS] for tier in range(TIERS)]
        for tier in reversed(range(TIERS)):
            below = [name for deeper in tiers[tier + 1 :] for name in deeper]
            for name in tiers[tier]:
                wanted = min(len(below), dice.randint(3, 7))
                targets = dice.sample(below, wanted)
                yield Service(
                    name=name,
                    namespace=namespace,
                    cluster=CLUSTERS[(tier + dice.randint(0, 1)) % len(CLUSTERS)],
                    tcp=tier == TIERS - 1 and dice.random() < 3 * TCP,
                    tasks=dice.choice((1, 1, 1, 2, 3)),
                    calls=tuple(_call(dice, target) for target in targets),
                )


def _call(dice: random.Random, target: str) -> str:
    rate = round(10 ** dice.uniform(-0.3, 2.6), 1)
    ms = round(10 ** dice.uniform(2, 3) if dice.random() < SLOW else 10 ** dice.uniform(0, 1.5), 1)
    failing = round(10 ** dice.uniform(-1, 1.3), 2) if dice.random() < FAILING else 0
    return f"{target}:{rate}:{ms}:{failing}"


def fill(client: Any, services: Iterable[Service]) -> int:
    """Build these by the API; how many services there are."""
    ecs, ec2 = client("ecs"), client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:3]
    for cluster in CLUSTERS:
        ecs.create_cluster(clusterName=cluster)
    built = list(services)
    for namespace in {service.namespace for service in built}:
        ecs.create_cluster(clusterName=f"{namespace}-home", serviceConnectDefaults={"namespace": namespace})
        ecs.delete_cluster(cluster=f"{namespace}-home")
    for service in built:
        port = {"name": "port", "containerPort": 8080} | ({} if service.tcp else {"appProtocol": "http"})
        script = f"calls={','.join(service.calls)}" if service.calls else ""
        container = {
            "name": "app",
            "image": "any",
            "portMappings": [port],
            "environment": [{"name": "MOYAI_SIM", "value": script}],
        }
        ecs.register_task_definition(
            family=service.name, networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=[container]
        )
        ecs.create_service(
            cluster=service.cluster,
            serviceName=service.name,
            taskDefinition=service.name,
            desiredCount=service.tasks,
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
            serviceConnectConfiguration={
                "enabled": True,
                "namespace": service.namespace,
                "services": [
                    {
                        "portName": "port",
                        "discoveryName": service.name,
                        "clientAliases": [{"port": 80, "dnsName": service.name}],
                    }
                ],
            },
        )
    return len(built)


def main(url: str) -> None:
    """Fill the control plane at ``url``."""
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    config = Config(inject_host_prefix=False)

    def client(service: str) -> Any:
        return session.create_client(service, region_name="us-east-1", endpoint_url=url, config=config)

    services = list(city())
    print(fill(client, services), "services,", sum(len(service.calls) for service in services), "edges")  # noqa: T201 (a command of its own)


if __name__ == "__main__":
    main(sys.argv[1])
