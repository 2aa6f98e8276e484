"""The images that the console shows, with the tasks that use them and the pulls under way, and their removal."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from moyai.api.wire.http import HttpRequest
from moyai.app.adapters.local_images import StoredImages
from moyai.console.images import ImagesEndpoint
from moyai.domain.sandbox.pull import PullProgress
from moyai.domain.world import Put
from moyai.images.store.image_store import ImageStore
from moyai.kernel.ids import AccountId
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.world import Builder, container
from tests.unit.images.built_images import build_image
from tests.unit.images.store.test_image_store import add

pytestmark = pytest.mark.root  # unpacking keeps owners
WEB = build_image({"app": b"web"})
STRANGER = AccountId("999999999999")


@pytest.fixture
def shop(tmp_path):
    """The endpoint, and a task that needs one image, and pulls another."""
    store, images = MemoryStore(), ImageStore(tmp_path / "images")
    build = Builder(store, ManualClock())
    definition = build.definition("plain", replace(container("app"), image="shop/web:2", port_mappings=()))
    task = build.world.tasks[build.run(definition)]
    pull = PullProgress("registry", 3, 1, 0, 1000, 4000, 0.5)
    store.apply([Put(replace(task, containers=(replace(task.containers[0], pull=pull),)))])
    add(images, WEB, "shop/web:1")
    images.hold(f"task-{task.id}", ["shop/web:1"])
    return ImagesEndpoint(store, StoredImages(images)), task


async def answer(endpoint, method="GET", query="", account=None):
    response = await endpoint.answer(HttpRequest(method, "/console/data/images", query, {}), account)
    return response.status, msgspec.json.decode(response.body)


async def test_images_are_listed_with_their_tasks_and_pulls(shop):
    endpoint, task = shop
    status, body = await answer(endpoint)
    user = {"id": task.id, "cluster": "default", "group": task.group}
    assert status == 200
    (image,) = body["images"]
    assert (image["name"], image["digest"], image["source"], image["tasks"]) == ("shop/web:1", WEB.digest, None, [user])
    assert image["size"] > 0
    (pull,) = body["pulls"]
    assert pull == {
        "image": "shop/web:2",
        "container": "app",
        "task": user,
        "source": "registry",
        "received": 1000,
        "total": 4000,
    }


async def test_a_login_sees_the_tasks_of_its_own_account(shop):
    _, body = await answer(shop[0], account=STRANGER)
    assert (body["images"][0]["tasks"], body["pulls"]) == ([], [])


async def test_a_removed_image_is_gone(shop):
    endpoint, _ = shop
    assert (await answer(endpoint, "DELETE", "name=shop/web:1"))[0] == 200
    assert (await answer(endpoint))[1]["images"] == []
    status, body = await answer(endpoint, "DELETE", "name=shop/web:1")
    assert (status, body["message"].startswith("image shop/web:1 is not here")) == (404, True)


@pytest.mark.parametrize("query", ["", "name=", f"name={'a' * 600}"])
async def test_a_removal_without_a_name_is_refused(shop, query):
    assert (await answer(shop[0], "DELETE", query))[0] == 400
    assert (await answer(shop[0], "PUT"))[0] == 405


@pytest.mark.parametrize("name", ["moyai.local/host", "UPPER//case"])
async def test_an_image_that_cannot_be_removed_is_refused_with_the_reason(shop, name):
    status, body = await answer(shop[0], "DELETE", f"name={name}")
    assert (status, bool(body["message"])) == (404, True)


async def test_simulated_tasks_have_no_images():
    endpoint = ImagesEndpoint(MemoryStore(), None)
    assert await answer(endpoint) == (200, {"images": [], "pulls": []})
    assert (await answer(endpoint, "DELETE", "name=web"))[0] == 400
