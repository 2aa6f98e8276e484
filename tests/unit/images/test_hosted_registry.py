"""moyai's own registry as a source of images: which names it has, and what it answers."""

from __future__ import annotations

import io
import json

import pytest
from msgspec.structs import replace

from moyai.domain.ecr.image import RepositoryImage, digest_of
from moyai.domain.ecr.repository import Repository, repository_arn
from moyai.domain.world import Put
from moyai.images.errors import BadContent, NotFound, WrongPlatform
from moyai.images.hosted_registry import HostedRegistry
from moyai.images.manifest import OCI_INDEX, OCI_MANIFEST
from moyai.images.model import Platform
from moyai.images.reference import parse_reference
from moyai.kernel.clock import later
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from tests.contract.api.ecr_images import descriptor, image

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
OTHER = Scope(AccountId("111122223333"), Region("eu-west-1"))


class Rig:
    """A registry with repositories ``app``, of the default registry and of another."""

    def __init__(self, directory) -> None:
        self.clock, self.store = ManualClock(), MemoryStore()
        self.blobs = BlobFiles.open_blobs(directory, self.clock, BlobLimits(reserve=0))
        for scope in (DEFAULT_SCOPE, OTHER):
            arn = repository_arn(scope, "shop/app")
            self.store.apply([Put(Repository(arn=arn, name="shop/app", created_at=self.clock.now()))])
        self.source = HostedRegistry(self.store, self.blobs, self.clock, {4566, 14566})

    async def put(self, manifest: bytes, media_type: str, *tags: str, scope: Scope = DEFAULT_SCOPE) -> str:
        """Store a manifest as an image, and return its digest."""
        await self.blobs.put(manifest)
        record = RepositoryImage(
            repository=repository_arn(scope, "shop/app"),
            digest=digest_of(manifest),
            media_type=media_type,
            pushed_at=self.clock.now(),
            size=1,
            tags=tags,
        )
        self.store.apply([Put(record)])
        return record.digest


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


@pytest.mark.parametrize(
    ("registry", "is_served"),
    [
        ("127.0.0.1:4566", True),
        ("localhost:4566", True),
        ("[::1]:4566", True),
        ("127.0.0.1:14566", True),
        ("127.0.0.1:24566", False),
        ("moyai.localhost:4566", True),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", True),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", True),
        ("111122223333.dkr.ecr.eu-west-1.localhost:4566", True),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com", False),
        ("111122223333.dkr.ecr.eu-west-1.localhost:5000", False),
        ("111122223333.dkr.ecr.eu-west-1.example.com", False),
        ("127.0.0.1:5000", False),
        ("localhost", False),
        ("10.0.0.1:4566", False),
        ("docker.io", False),
    ],
)
async def test_the_names_that_it_has(rig, registry, is_served):
    reference = parse_reference(f"{registry}/shop/app:1")
    assert rig.source.serves(reference) is is_served
    assert not rig.source.serves(parse_reference(f"{registry}/shop/other:1"))
    if not is_served:
        with pytest.raises(NotFound):
            await rig.source.resolve(reference, AMD64)


async def test_an_image_by_tag_and_by_digest(rig):
    pushed = image()
    digest = await rig.put(pushed.manifest, OCI_MANIFEST, "1")
    for version in (":1", f"@{digest}", f":absent@{digest}"):
        reference = parse_reference(f"127.0.0.1:4566/shop/app{version}")
        assert await rig.source.current_digest(reference) == digest
        resolved = await rig.source.resolve(reference, AMD64)
        assert (resolved.reference, resolved.digest, resolved.manifest) == (reference, digest, pushed.manifest)
        assert (resolved.index, len(resolved.layers)) == (None, 1)
    record = next(iter(rig.store.world.repository_images))
    assert record.pulled_at == rig.clock.now()
    rig.clock.turn_to(later(rig.clock.now(), 60))
    await rig.source.resolve(parse_reference("127.0.0.1:4566/shop/app:1"), AMD64)
    assert next(iter(rig.store.world.repository_images)) == record
    with pytest.raises(NotFound, match="Push it"):
        await rig.source.resolve(parse_reference("127.0.0.1:4566/shop/app:2"), AMD64)


async def test_the_image_of_an_index_for_the_platform(rig):
    amd64, arm64 = image("amd64"), image("arm64")
    entries = [
        {**descriptor(one.manifest, OCI_MANIFEST), "platform": {"os": "linux", "architecture": name}}
        for name, one in (("amd64", amd64), ("arm64", arm64))
    ]
    for entry in (amd64, arm64):
        await rig.put(entry.manifest, OCI_MANIFEST)
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    digest = await rig.put(index, OCI_INDEX, "1", scope=OTHER)
    reference = parse_reference("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/app:1")
    resolved = await rig.source.resolve(reference, ARM64)
    assert (resolved.digest, resolved.manifest, resolved.index) == (digest, arm64.manifest, index)
    with pytest.raises(WrongPlatform):
        await rig.source.resolve(reference, Platform("linux", "s390x"))


async def test_the_bytes_of_a_layer(rig):
    pushed = image()
    for blob in pushed.blobs:
        await rig.blobs.put(blob)
    await rig.put(pushed.manifest, OCI_MANIFEST, "1")
    resolved = await rig.source.resolve(parse_reference("127.0.0.1:4566/shop/app:1"), AMD64)
    file, counts = io.BytesIO(), list[int]()
    await rig.source.fetch(resolved, resolved.layers[0], file, counts.append)
    assert (file.getvalue(), sum(counts)) == (pushed.blobs[1], len(pushed.blobs[1]))


async def test_bytes_that_are_missing(rig):
    await rig.put(image().manifest, OCI_MANIFEST, "1")
    reference = parse_reference("127.0.0.1:4566/shop/app:1")
    resolved = await rig.source.resolve(reference, AMD64)
    with pytest.raises(BadContent, match="is missing in the state directory"):
        await rig.source.fetch(resolved, resolved.layers[0], io.BytesIO(), lambda _: None)
    record = next(iter(rig.store.world.repository_images))
    rig.store.apply([Put(replace(record, digest=digest_of(b"absent"), tags=("2",)))])
    with pytest.raises(BadContent):
        await rig.source.resolve(parse_reference("127.0.0.1:4566/shop/app:2"), AMD64)
