"""The registry is cleaned: what a lifecycle policy expires, layers that nothing needs, and then their bytes."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from moyai.domain.ecr.image import RepositoryImage, RepositoryLayer, digest_of
from moyai.domain.ecr.repository import Repository, repository_arn
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import later
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.reconcile.retention import RegistryCleanup
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock

ARN = repository_arn(DEFAULT_SCOPE, "app")
DAY = 86400.0
KEEP_ONE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }
)


class Rig:
    """A registry with a repository, and its cleaner."""

    def __init__(self, directory) -> None:
        self.directory = directory
        self.clock, self.store = ManualClock(), MemoryStore()
        self.blobs = BlobFiles.open_blobs(directory, self.clock, BlobLimits(reserve=0))
        self.repository = Repository(arn=ARN, name="app", created_at=self.clock.now())
        self.store.apply([Put(self.repository)])
        self.cleanup = RegistryCleanup(self.store, self.blobs, self.clock)

    async def push(self, text: str) -> RepositoryImage:
        """An image of one layer, each with its text as bytes."""
        layer, manifest, now = text.encode(), f"manifest {text}".encode(), self.clock.now()
        await self.blobs.put(layer)
        await self.blobs.put(manifest)
        image = RepositoryImage(
            repository=ARN,
            digest=digest_of(manifest),
            media_type="m",
            pushed_at=now,
            size=1,
            layers=(digest_of(layer),),
        )
        self.store.apply([Put(RepositoryLayer(ARN, digest_of(layer), len(layer), now)), Put(image)])
        return image

    def wait(self, seconds: float) -> None:
        self.clock.turn_to(later(self.clock.now(), seconds))

    def blob_count(self) -> int:
        return sum(path.is_file() for path in self.directory.rglob("*"))


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


async def test_used_images_and_layers_are_kept(rig):
    await rig.push("a")
    rig.wait(100 * DAY)
    await rig.cleanup.clean()
    assert (len(rig.store.world.repository_images), len(rig.store.world.repository_layers)) == (1, 1)
    assert rig.blob_count() == 2


async def test_layers_of_a_deleted_image_go_after_a_day(rig):
    image = await rig.push("a")
    rig.store.apply([Delete(RepositoryImage, image.key)])
    rig.wait(DAY / 2)
    await rig.cleanup.clean()
    assert (len(rig.store.world.repository_layers), rig.blob_count()) == (1, 1)
    rig.wait(DAY)
    await rig.cleanup.clean()
    assert (len(rig.store.world.repository_layers), rig.blob_count()) == (0, 0)


async def test_a_blob_without_a_record_goes_after_an_hour(rig):
    await rig.blobs.put(b"never recorded")
    await rig.cleanup.clean()
    assert rig.blob_count() == 1
    rig.wait(3601)
    await rig.cleanup.clean()
    assert rig.blob_count() == 0


async def test_a_layer_of_another_repository_keeps_its_bytes(rig):
    image = await rig.push("a")
    other = repository_arn(DEFAULT_SCOPE, "other")
    rig.store.apply([Put(replace(image, repository=other)), Delete(RepositoryImage, image.key)])
    rig.store.apply([Put(RepositoryLayer(other, image.layers[0], 1, rig.clock.now()))])
    rig.wait(2 * DAY)
    await rig.cleanup.clean()
    assert [layer.repository for layer in rig.store.world.repository_layers] == [other]
    assert rig.blob_count() == 2


async def test_a_lifecycle_policy_is_carried_out(rig):
    rig.store.apply([Put(replace(rig.repository, lifecycle_policy=KEEP_ONE))])
    await rig.push("a")
    rig.wait(60)
    newest = await rig.push("b")
    rig.wait(60)
    await rig.cleanup.clean()
    assert [image.digest for image in rig.store.world.repository_images] == [newest.digest]
    assert rig.store.world.repositories[ARN].lifecycle_evaluated_at == rig.clock.now()


async def test_a_policy_that_is_no_longer_accepted_does_nothing(rig):
    rig.store.apply([Put(replace(rig.repository, lifecycle_policy="{}"))])
    await rig.push("a")
    await rig.cleanup.clean()
    assert len(rig.store.world.repository_images) == 1
