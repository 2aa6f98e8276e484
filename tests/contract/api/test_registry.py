"""The registry's protocol, as clients speak it: push, pull, mount, resume, lists, deletion, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from moyai.api.asgi import App, Limits
from moyai.api.registry.protocol import Registry, RegistryDependencies
from moyai.domain.ecr.repository import Repository, repository_arn
from moyai.domain.ecr.token import RegistryAccess, issue_token
from moyai.domain.sts.session import SessionRoot
from moyai.domain.world import Delete, Put
from moyai.images.manifest import OCI_MANIFEST
from moyai.kernel.clock import later
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.kernel.secret import Secret
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from tests.container_images import digest_of
from tests.contract.api.ecr_images import PushImage, image, index

ROOT = SessionRoot(Secret("0" * 64))
ELSEWHERE = Scope(AccountId("111122223333"), Region("eu-west-1"))
ELSEWHERE_HOST = "111122223333.dkr.ecr.eu-west-1.localhost:4566"


class Keys:
    """One issued key."""

    def secret(self, access_key: str) -> str | None:
        return "s" if access_key == "AKIA" else None


class Rig:
    """A registry, and a client of it."""

    def __init__(self, directory, **options) -> None:
        limits = options.pop("blob_limits", BlobLimits(reserve=0, uploads=3))
        self.clock, self.store = ManualClock(), MemoryStore()
        self.store.apply([Put(ROOT)])
        self.blobs = BlobFiles.open_blobs(directory, self.clock, limits)
        self.uploads = directory / "uploads"
        app_limits = options.pop("limits", None)
        dependencies = RegistryDependencies(self.store, self.blobs, self.clock, SeededIds(1), **options)
        gateway: object = None
        streams = {"/v2": Registry(dependencies).answer}
        self._app = App(gateway, limits=app_limits, streams=streams)  # type: ignore[arg-type]  # no other path is used

    def client(self, host: str = "127.0.0.1:4566", **options) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=f"http://{host}", **options)

    def token(self, scope: Scope = DEFAULT_SCOPE, key: str = "AKIA", expires: float = 3600.0) -> tuple[str, str]:
        until = int(later(self.clock.now(), expires))
        return ("AWS", issue_token(ROOT, RegistryAccess(scope, key, until)))


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


@pytest.fixture
async def client(rig):
    async with rig.client() as client:
        yield client


async def push_blob(client: httpx.AsyncClient, name: str, content: bytes) -> httpx.Response:
    started = await client.post(f"/v2/{name}/blobs/uploads/")
    assert started.status_code == 202, started.text
    sent = await client.patch(started.headers["location"], content=content)
    assert (sent.status_code, sent.headers["range"]) == (202, f"0-{max(len(content) - 1, 0)}")
    return await client.put(sent.headers["location"], params={"digest": digest_of(content)})


async def push(client: httpx.AsyncClient, name: str, pushed: PushImage, reference: str) -> httpx.Response:
    for blob in pushed.blobs:
        assert (await push_blob(client, name, blob)).status_code == 201
    headers = {"content-type": pushed.media_type}
    return await client.put(f"/v2/{name}/manifests/{reference}", content=pushed.manifest, headers=headers)


def error(response) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def message(response) -> str:
    return str(response.json()["errors"][0]["message"])


async def test_a_push_creates_its_repository_and_is_pulled(client, rig):
    pushed = image()
    assert (await client.get("/v2/")).headers["docker-distribution-api-version"] == "registry/2.0"
    stored = await push(client, "shop/app", pushed, "1.0")
    assert (stored.status_code, stored.headers["docker-content-digest"]) == (201, pushed.digest)
    assert [(r.name, r.mutability) for r in rig.store.world.repositories] == [("shop/app", "MUTABLE")]
    for reference in ("1.0", pushed.digest):
        got = await client.get(f"/v2/shop/app/manifests/{reference}", headers={"accept": OCI_MANIFEST})
        assert (got.content, got.headers["content-type"]) == (pushed.manifest, OCI_MANIFEST)
        head = await client.head(f"/v2/shop/app/manifests/{reference}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(pushed.manifest))
    for blob in pushed.blobs:
        path = f"/v2/shop/app/blobs/{digest_of(blob)}"
        assert (await client.get(path)).content == blob
        assert (await client.head(path)).headers["content-length"] == str(len(blob))
    image_record = next(iter(rig.store.world.repository_images))
    assert (image_record.tags, image_record.pulled_at) == (("1.0",), rig.clock.now())
    assert list(rig.uploads.iterdir()) == []


async def test_without_creation_an_unknown_repository_is_refused(tmp_path):
    async with Rig(tmp_path, create_on_push=False).client() as client:
        refused = await client.post("/v2/app/blobs/uploads/")
        assert error(refused) == (404, "NAME_UNKNOWN")
        assert message(refused) == (
            "The repository with name 'app' does not exist in the registry with id '123456789012'"
        )
        for path in ("tags/list", "manifests/1", f"blobs/{digest_of(b'')}"):
            assert error(await client.get(f"/v2/app/{path}")) == (404, "NAME_UNKNOWN")


async def test_an_index_after_its_images(client):
    whole = index(image("a"), image("b"))
    early = await push(client, "app", image("a"), image("a").digest)
    assert early.status_code == 201
    assert error(await push(client, "app", whole, "1")) == (400, "MANIFEST_BLOB_UNKNOWN")
    await push(client, "app", image("b"), image("b").digest)
    assert (await push(client, "app", whole, "1")).status_code == 201
    assert error(await client.delete(f"/v2/app/manifests/{image('a').digest}")) == (403, "DENIED")
    assert (await client.delete("/v2/app/manifests/1")).status_code == 202
    assert (await client.delete(f"/v2/app/manifests/{image('a').digest}")).status_code == 202
    assert error(await client.get(f"/v2/app/manifests/{image('a').digest}")) == (404, "MANIFEST_UNKNOWN")


async def test_a_layer_that_a_push_has_found_is_kept(client, rig):
    await push_blob(client, "app", b"x")
    pushed_at = next(iter(rig.store.world.repository_layers)).pushed_at
    for hours, is_kept in ((1, False), (20, True)):
        rig.clock.turn_to(later(pushed_at, hours * 3600))
        assert (await client.head(f"/v2/app/blobs/{digest_of(b'x')}")).status_code == 200
        layer = next(iter(rig.store.world.repository_layers))
        assert layer.pushed_at == (rig.clock.now() if is_kept else pushed_at)


async def test_a_layer_in_one_request(client):
    started = await client.post("/v2/app/blobs/uploads/", params={"digest": digest_of(b"x")}, content=b"x")
    assert (started.status_code, started.headers["location"]) == (201, f"/v2/app/blobs/{digest_of(b'x')}")
    started = await client.post("/v2/app/blobs/uploads/")
    put = await client.put(started.headers["location"], params={"digest": digest_of(b"yy")}, content=b"yy")
    assert put.status_code == 201
    assert (await push_blob(client, "app", b"")).status_code == 201


async def test_chunks_follow_each_other(client):
    place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
    assert (await client.patch(place, content=b"abc", headers={"content-range": "0-2"})).headers["range"] == "0-2"
    gap = await client.patch(place, content=b"f", headers={"content-range": "5-5"})
    assert (error(gap), gap.headers["range"]) == ((416, "BLOB_UPLOAD_INVALID"), "0-2")
    uneven = await client.patch(place, content=b"de", headers={"content-range": "3-3"})
    assert error(uneven) == (400, "SIZE_INVALID")
    status = await client.get(place)
    assert (status.status_code, status.headers["range"]) == (204, "0-2")
    last = await client.put(
        place, params={"digest": digest_of(b"abcde")}, content=b"de", headers={"content-range": "3-4"}
    )
    assert last.status_code == 201


async def test_an_upload_that_breaks_off_is_resumed(client, rig):
    place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]

    async def interrupted_body() -> AsyncIterator[bytes]:
        yield b"a" * 2 * 1024 * 1024
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await client.patch(place, content=interrupted_body())
    received = int((await client.get(place)).headers["range"].partition("-")[2]) + 1
    assert received == 2 * 1024 * 1024
    rest = b"b" * 10
    digest = digest_of(b"a" * received + rest)
    assert (await client.put(place, params={"digest": digest}, content=rest)).status_code == 201


async def test_a_wrong_digest_leaves_nothing(client, rig):
    place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
    refused = await client.put(place, params={"digest": digest_of(b"x")}, content=b"y")
    assert error(refused) == (400, "DIGEST_INVALID")
    assert error(await client.get(place)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert (len(rig.store.world.repository_layers), list(rig.uploads.iterdir())) == (0, [])
    for bad in (None, "sha512:" + "0" * 128, "sha256:ABC", "x"):
        place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
        assert error(await client.put(place, params={"digest": bad} if bad else {})) == (400, "DIGEST_INVALID")
        assert (await client.delete(place)).status_code == 204


async def test_a_layer_is_mounted_from_another_repository_of_the_registry(client, rig):
    await push_blob(client, "base", b"x")
    mount = {"mount": digest_of(b"x"), "from": "base"}
    assert (await client.post("/v2/app/blobs/uploads/", params=mount)).status_code == 201
    assert (await client.get(f"/v2/app/blobs/{digest_of(b'x')}")).content == b"x"
    for absent in (mount | {"from": "absent"}, mount | {"mount": digest_of(b"y")}, mount | {"from": "../../etc"}):
        assert (await client.post("/v2/other/blobs/uploads/", params=absent)).status_code == 202
    async with rig.client(ELSEWHERE_HOST) as other:
        assert (await other.post("/v2/app/blobs/uploads/", params=mount)).status_code == 202


async def test_registries_are_apart(client, rig):
    await push(client, "app", image(), "1")
    async with rig.client(ELSEWHERE_HOST) as other:
        assert error(await other.get("/v2/app/manifests/1")) == (404, "NAME_UNKNOWN")
        assert error(await other.get(f"/v2/app/blobs/{digest_of(image().blobs[0])}")) == (404, "NAME_UNKNOWN")
        assert (await other.get("/v2/_catalog")).json() == {"repositories": []}
        assert (await push(other, "app", image("other"), "1")).status_code == 201
    assert [r.arn for r in rig.store.world.repositories] == [
        repository_arn(DEFAULT_SCOPE, "app"),
        repository_arn(ELSEWHERE, "app"),
    ]
    async with rig.client("123456789012.dkr.ecr.us-east-1.amazonaws.com") as same:
        assert (await same.get("/v2/app/manifests/1")).content == image().manifest


async def test_a_part_of_a_layer(client):
    content = bytes(range(100))
    await push_blob(client, "app", content)
    path = f"/v2/app/blobs/{digest_of(content)}"
    for asked, start, end in (("10-19", 10, 20), ("90-", 90, 100), ("90-500", 90, 100), ("-5", 95, 100)):
        part = await client.get(path, headers={"range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    beyond = await client.get(path, headers={"range": "bytes=100-"})
    assert (error(beyond), beyond.headers["content-range"]) == ((416, "RANGE_INVALID"), "bytes */100")
    for ignored in ("bytes=0-1,5-6", "lines=1-2", "bytes=-"):
        assert (await client.get(path, headers={"range": ignored})).content == content


async def test_lists_in_pages(client):
    for tag in ("c", "a", "b"):
        await push(client, "app", image(tag), tag)
    assert (await client.get("/v2/app/tags/list")).json() == {"name": "app", "tags": ["a", "b", "c"]}
    first = await client.get("/v2/app/tags/list", params={"n": 2})
    assert first.json()["tags"] == ["a", "b"]
    following = first.headers["link"].partition(">")[0].removeprefix("<")
    last = await client.get(following)
    assert (last.json()["tags"], "link" in last.headers) == (["c"], False)
    assert (await client.get("/v2/app/tags/list", params={"n": 0})).json()["tags"] == []
    assert error(await client.get("/v2/app/tags/list", params={"n": "x"})) == (400, "PAGINATION_NUMBER_INVALID")
    assert (await client.get("/v2/_catalog")).json() == {"repositories": ["app"]}


async def test_an_immutable_tag(client, rig):
    repository = Repository(
        arn=repository_arn(DEFAULT_SCOPE, "app"), name="app", created_at=rig.clock.now(), mutability="IMMUTABLE"
    )
    rig.store.apply([Put(repository)])
    assert (await push(client, "app", image("a"), "1")).status_code == 201
    refused = await push(client, "app", image("b"), "1")
    assert error(refused) == (400, "TAG_INVALID")
    assert "'1' already exists in the 'app' repository" in message(refused)
    assert (await push(client, "app", image("b"), image("b").digest)).status_code == 201


async def test_manifests_that_are_refused(client):
    await push(client, "app", image(), "1")
    path = "/v2/app/manifests/2"
    for content in (b"", b"{", b"[]", b'{"schemaVersion": 1}', b"\xff", b"[" * 100_000):
        assert error(await client.put(path, content=content)) == (400, "MANIFEST_INVALID")
    assert error(await client.put(path, content=b" " * (4 * 1024 * 1024 + 1))) == (413, "SIZE_INVALID")
    other = await client.put(f"/v2/app/manifests/{digest_of(b'')}", content=image().manifest)
    assert error(other) == (400, "DIGEST_INVALID")
    assert error(await client.put(path, content=image("absent").manifest)) == (400, "MANIFEST_BLOB_UNKNOWN")
    lying = image().manifest.replace(f'"size": {len(image().blobs[1])}'.encode(), b'"size": 1')
    assert error(await client.put(path, content=lying)) == (400, "MANIFEST_INVALID")
    assert (await client.get("/v2/app/tags/list")).json()["tags"] == ["1"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v2/a/%2e%2e/%2e%2e/b/manifests/1", (400, "NAME_INVALID")),
        ("POST", "/v2/..%2f..%2fetc/blobs/uploads/", (400, "NAME_INVALID")),
        ("POST", "/v2/UPPER/blobs/uploads/", (400, "NAME_INVALID")),
        ("POST", f"/v2/{'a/' * 130}b/blobs/uploads/", (400, "NAME_INVALID")),
        ("GET", f"/v2/{'a' * 2000}/tags/list", (404, "UNSUPPORTED")),
        ("GET", "/v2/app/blobs/uploads/..%2f..%2fmoyai.db", (404, "UNSUPPORTED")),
        ("GET", "/v2/app/blobs/sha256:..%2f..%2fmoyai.db", (404, "UNSUPPORTED")),
        ("GET", "/v2/app/blobs/sha256:..", (400, "DIGEST_INVALID")),
        ("PATCH", "/v2/app/blobs/uploads/none", (404, "BLOB_UPLOAD_UNKNOWN")),
        ("GET", "/v2/app/manifests/-", (400, "MANIFEST_INVALID")),
        ("GET", "/v2/app/manifests/absent", (404, "MANIFEST_UNKNOWN")),
        ("DELETE", f"/v2/app/blobs/{digest_of(b'')}", (405, "UNSUPPORTED")),
        ("PUT", "/v2/app/tags/list", (405, "UNSUPPORTED")),
        ("GET", "/v2/nothing", (404, "UNSUPPORTED")),
    ],
)
async def test_paths_and_methods_that_are_refused(client, rig, method, path, expected):
    await push(client, "app", image(), "1")
    request = client.build_request(method, "/")
    request.url = httpx.URL(f"http://127.0.0.1:4566{path}")
    assert error(await client.send(request)) == expected


async def test_only_one_request_uses_an_upload(client):
    place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"a"
        started.set()
        await go_on.wait()
        yield b"b"

    first = asyncio.create_task(client.patch(place, content=slow()))
    await started.wait()
    assert error(await client.patch(place, content=b"c")) == (409, "BLOB_UPLOAD_INVALID")
    assert error(await client.delete(place)) == (409, "BLOB_UPLOAD_INVALID")
    go_on.set()
    assert (await first).headers["range"] == "0-1"
    assert (await client.put(place, params={"digest": digest_of(b"ab")})).status_code == 201


async def test_the_same_layer_pushed_by_many_at_once(tmp_path):
    rig = Rig(tmp_path, blob_limits=BlobLimits(reserve=0, uploads=20))
    content = b"layer" * 500_000
    async with rig.client() as client:
        results = await asyncio.gather(*(push_blob(client, f"app-{number % 3}", content) for number in range(12)))
        assert {response.status_code for response in results} == {201}
        assert (await client.get(f"/v2/app-2/blobs/{digest_of(content)}")).content == content
    assert len(list((tmp_path / "blobs").rglob("*/*/*"))) == 1
    assert list(rig.uploads.iterdir()) == []


async def test_limits_of_layers_and_uploads(tmp_path):
    rig = Rig(tmp_path, blob_limits=BlobLimits(blob_bytes=10, uploads=2, reserve=0))
    async with rig.client() as client:
        place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
        assert error(await client.patch(place, content=b"x" * 11)) == (413, "SIZE_INVALID")
        assert error(await client.patch(place, content=b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")
        for _ in range(2):
            await client.post("/v2/app/blobs/uploads/")
        assert error(await client.post("/v2/app/blobs/uploads/")) == (429, "TOOMANYREQUESTS")
    assert list(rig.uploads.iterdir()) == []


async def test_a_full_disk(tmp_path):
    rig = Rig(tmp_path, blob_limits=BlobLimits(reserve=1 << 60))
    async with rig.client() as client:
        place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
        full = await client.patch(place, content=b"x")
        assert error(full) == (507, "UNKNOWN")
        assert "is full" in message(full)
        assert error(await client.get(place)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_client_that_is_too_slow(tmp_path):
    rig = Rig(tmp_path, limits=Limits(idle_seconds=0.05))
    async with rig.client() as client:
        place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]

        async def silent() -> AsyncIterator[bytes]:
            yield b"a"
            await asyncio.Event().wait()

        assert error(await client.patch(place, content=silent())) == (408, "UNKNOWN")


async def test_with_keys_a_token_is_needed(tmp_path):
    rig = Rig(tmp_path, keys=Keys())
    async with rig.client() as nobody:
        refused = await nobody.get("/v2/")
        assert error(refused) == (401, "UNAUTHORIZED")
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert error(await nobody.post("/v2/app/blobs/uploads/")) == (401, "UNAUTHORIZED")
        for auth in (
            ("AWS", "x"),
            ("AWS", ""),
            ("AWS", rig.token()[1] + "x"),
            rig.token(key="AKIB"),
            rig.token(key=""),
        ):
            assert error(await nobody.get("/v2/", auth=auth)) == (401, "UNAUTHORIZED")
        bad = await nobody.get("/v2/", headers={"authorization": "Basic !"})
        assert error(bad) == (401, "UNAUTHORIZED")
        expired = await nobody.get("/v2/", auth=rig.token(expires=-1))
        assert (error(expired), message(expired)) == (
            (403, "DENIED"),
            "Your authorization token has expired. Reauthenticate and try again.",
        )
    async with rig.client(auth=rig.token()) as client:
        assert (await client.get("/v2/")).status_code == 200
        assert (await push(client, "app", image(), "1")).status_code == 201
    async with rig.client() as nobody:
        path = f"/v2/app/blobs/{digest_of(image().blobs[0])}"
        assert (await nobody.get(path, params={"token": rig.token()[1]})).content == image().blobs[0]
        assert error(await nobody.get(path)) == (401, "UNAUTHORIZED")


async def test_a_token_of_another_registry_says_where_to_push(rig):
    async with rig.client(auth=rig.token(ELSEWHERE, key="")) as client:
        refused = await client.get("/v2/")
        assert error(refused) == (403, "DENIED")
        assert ELSEWHERE_HOST in message(refused)
    async with rig.client(ELSEWHERE_HOST, auth=rig.token(ELSEWHERE, key="")) as client:
        assert (await client.get("/v2/")).status_code == 200


async def test_requests_of_web_pages_are_refused(rig):
    async with rig.client() as client:
        assert (await client.get("/v2/", headers={"origin": "http://evil.example"})).status_code == 403
    async with rig.client("evil.example:4566") as client:
        assert (await client.get("/v2/")).status_code == 403
    async with rig.client("123456789012.dkr.ecr.us-east-1.evil.example") as client:
        assert (await client.get("/v2/")).status_code == 403


async def test_a_repository_that_is_deleted_during_a_push(client, rig):
    place = (await client.post("/v2/app/blobs/uploads/")).headers["location"]
    await client.patch(place, content=b"x")
    rig.store.apply([Delete(Repository, repository_arn(DEFAULT_SCOPE, "app"))])
    assert error(await client.put(place, params={"digest": digest_of(b"x")})) == (404, "NAME_UNKNOWN")
    assert len(rig.store.world.repository_layers) == 0
