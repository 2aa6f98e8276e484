"""The example shop, running for real, under traffic that never ends, with a way to break it as people do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moyai.cli.demo.shop import ORDER, Shop
from moyai.cli.demo.traffic import Traffic
from moyai.cli.remote import Remote
from tests.e2e.installation import REGION, Installation
from tests.e2e.stack import HOST

EXAMPLE = Path(__file__).parents[3] / "examples/shop"
IMAGE = "moyai.local/shop:1"
CAUSE = "catalog: /srv/items.csv: no such file"
"""What the broken revision says before it goes on without items."""


@contextmanager
def selling(installation: Installation) -> Iterator[Shop]:
    """The shop with all its services steady and customers at its front. The installation is up."""
    state = ("--state", str(installation.state))
    installation.moyai("image", "import", IMAGE, str(EXAMPLE / "image"), "--base", HOST, *state)
    shop = Shop(Remote(installation.url, REGION, own_credentials=True), EXAMPLE)
    shop.create()
    for name in ORDER:
        shop.wait_until_steady(name)
    traffic = Traffic(shop.front_url())
    traffic.start()
    try:
        yield shop
    finally:
        traffic.stop()


def break_catalog(installation: Installation) -> None:
    """Deploy a revision of ``catalog`` that runs, says in its log why it can't work, and does not listen."""
    container = {
        "name": "catalog",
        "image": IMAGE,
        "command": ["sh", "-c", f"echo '{CAUSE}'; exec sleep 600"],
        "stopTimeout": 2,
        "portMappings": [{"name": "http", "containerPort": 8080, "appProtocol": "http"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-region": REGION,
                "awslogs-group": "/shop/catalog",
                "awslogs-stream-prefix": "shop",
                "awslogs-create-group": "true",
            },
        },
    }
    ecs = installation.client("ecs")
    ecs.register_task_definition(
        family="shop-catalog",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn="arn:aws:iam::123456789012:role/shop",
        containerDefinitions=[container],
    )
    ecs.update_service(cluster="shop-core", service="catalog", taskDefinition="shop-catalog")
