"""Pulls: from the first source that has an image, each part once, and as the pull behaviour says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import BinaryIO

import pytest

from moyai.domain.sandbox.pull import PullProgress
from moyai.images.errors import BadContent, NotFound, PullFailed, Unreachable, WrongPlatform
from moyai.images.model import Descriptor, Platform, host_platform
from moyai.images.names import ImageNames, parse_mappings
from moyai.images.progress import PullReport
from moyai.images.pull_behavior import PullBehavior
from moyai.images.puller import ImagePuller, PullRequest, PullSource
from moyai.images.reference import HOST_IMAGE, ImageReference, parse_reference
from moyai.images.source import Progress, ResolvedImage
from tests.unit.images.built_images import BuiltImage, build_image

pytestmark = pytest.mark.root  # unpacking keeps owners

BASE = {"etc/base": b"base"}
WEB = build_image(BASE, {"web": b"1"})
NEW = build_image(BASE, {"web": b"2"})
SIDE = build_image(BASE, {"side": b"1"})


class MemorySource:
    """A source with images in memory. Counts the calls, and fails or waits as the test sets."""

    def __init__(self, name: str, images: dict[str, BuiltImage]) -> None:
        self.name = name
        self.images = {str(parse_reference(text)): image for text, image in images.items()}
        self.calls: Counter[str] = Counter()
        self.fault: PullFailed | None = None
        self.may_fetch = asyncio.Event()
        self.may_fetch.set()

    async def current_digest(self, reference: ImageReference) -> str | None:
        self.calls["current"] += 1
        self._check()
        image = self.images.get(str(reference))
        return None if image is None else image.digest

    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        self.calls["resolve"] += 1
        self._check()
        image = self.images.get(str(reference))
        if image is None:
            raise NotFound(f"{reference}: not found")
        return ResolvedImage(reference, image.digest, image.manifest, image.parsed.config, image.parsed.layers)

    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        await self.may_fetch.wait()
        self._check()
        self.calls[descriptor.digest] += 1
        built = self.images[str(image.reference)]
        content = built.config if descriptor.digest == image.config.digest else built.blobs[descriptor.digest]
        file.write(content)
        progress(len(content))

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class FixedSources:
    def __init__(self, sources: Sequence[PullSource]) -> None:
        self._sources = sources

    def __call__(self, request: PullRequest) -> Sequence[PullSource]:
        return self._sources

    async def close(self) -> None:
        pass


@pytest.fixture
def registry():
    return MemorySource("registry", {"web": WEB, "side": SIDE})


def puller(store, *sources, behavior=PullBehavior.DEFAULT, names=(), reports=None):
    report = (lambda _: None) if reports is None else reports.append
    found = tuple(PullSource(source, source.current_digest) for source in sources)
    return ImagePuller(store, FixedSources(found), ImageNames(parse_mappings(names)), behavior, report)


def request(text, platform=None):
    return PullRequest(parse_reference(text), platform or host_platform())


async def test_an_image_is_pulled_completely_and_its_source_is_known(store, registry):
    reports: list[PullReport] = []
    watched: list[PullProgress] = []
    image = await puller(store, registry, reports=reports).pull(request("web"), watched.append)
    assert (image.digest, len(image.layers)) == (WEB.digest, 2)
    assert store.find("web") == image
    assert store.source("web") == "registry"
    size = sum(len(b) for b in WEB.blobs.values())
    progress = PullProgress("registry", 2, 0, 2, size, size, reports[-1].progress.seconds)
    assert reports[-1] == PullReport("web:latest", progress, is_complete=True)
    assert not any(report.is_complete for report in reports[:-1])
    assert watched[-1] == progress


async def test_progress_tells_layers_that_are_here_and_everybody_who_waits_hears_of_it(store, registry):
    pulling = puller(store, registry)
    await pulling.pull(request("web"))
    registry.may_fetch.clear()
    first, second, later = list[PullProgress](), list[PullProgress](), list[PullProgress]()
    pulls = [
        asyncio.create_task(pulling.pull(request("side"), first.append)),
        asyncio.create_task(pulling.pull(request("side"), second.append)),
    ]
    await asyncio.sleep(0)
    registry.may_fetch.set()
    await asyncio.gather(*pulls)
    size = sum(len(blob) for digest, blob in SIDE.blobs.items() if digest not in WEB.blobs)
    assert first[-1] == PullProgress("registry", 2, 1, 1, size, size, first[-1].seconds)
    assert second[-1] == first[-1]
    await pulling.pull(request("side"), later.append)
    assert later == []


async def test_the_hosts_image_is_never_pulled(store, registry):
    assert (await puller(store, registry).pull(request(HOST_IMAGE))).on_host
    assert not registry.calls


async def test_no_source_is_asked_for_names_of_this_machine(store, registry):
    with pytest.raises(NotFound, match=r"moyai image import moyai\.local/none:1 SOURCE"):
        await puller(store, registry).pull(request("moyai.local/none:1"))
    assert not registry.calls


async def test_ten_pulls_download_each_layer_once(store, registry):
    pulling = puller(store, registry)
    names = ["web", "side"] * 5
    await asyncio.gather(*(pulling.pull(request(name)) for name in names))
    blobs = {**WEB.blobs, **SIDE.blobs}
    assert {digest: registry.calls[digest] for digest in blobs} == dict.fromkeys(blobs, 1)
    assert registry.calls["resolve"] == 2


@pytest.mark.parametrize(
    ("behavior", "asks", "moves", "survives"),
    [
        (PullBehavior.DEFAULT, True, True, True),
        (PullBehavior.ALWAYS, True, True, False),
        (PullBehavior.ONCE, False, False, True),
        (PullBehavior.PREFER_CACHED, False, False, True),
    ],
)
async def test_the_behaviour_says_when_a_pulled_image_is_asked_for_again(
    store, registry, behavior, asks, moves, survives
):
    pulling = puller(store, registry, behavior=behavior)
    await pulling.pull(request("web"))
    registry.calls.clear()
    await pulling.pull(request("web"))
    assert registry.calls == ({"current": 1} if asks else {})
    registry.fault = Unreachable("it is down")
    if survives:
        assert (await pulling.pull(request("web"))).digest == WEB.digest
    else:
        with pytest.raises(Unreachable, match="it is down"):
            await pulling.pull(request("web"))
    registry.fault = None
    registry.images[str(parse_reference("web"))] = NEW
    assert (await pulling.pull(request("web"))).digest == (NEW if moves else WEB).digest


async def test_an_image_of_the_users_own_is_not_asked_for_unless_always(store, registry):
    await puller(store, MemorySource("mine", {"web": NEW})).pull(request("web"))
    store.tag("web", "own")
    registry.images[str(parse_reference("own"))] = WEB
    assert (await puller(store, registry).pull(request("own"))).digest == NEW.digest
    assert not registry.calls
    always = puller(store, registry, behavior=PullBehavior.ALWAYS)
    assert (await always.pull(request("own"))).digest == WEB.digest


async def test_a_digest_that_is_here_is_never_asked_for(store, registry):
    pulling = puller(store, registry, behavior=PullBehavior.ALWAYS)
    await pulling.pull(request("web"))
    registry.calls.clear()
    assert (await pulling.pull(request(f"web@{WEB.digest}"))).digest == WEB.digest
    assert not registry.calls


async def test_the_first_source_that_has_the_image_gives_it(store, registry):
    engine, absent = MemorySource("engine", {"web": NEW}), MemorySource("absent", {})
    absent.fault = WrongPlatform("it is for others")
    pulling = puller(store, absent, engine, registry)
    assert (await pulling.pull(request("web"))).digest == NEW.digest
    assert (await pulling.pull(request("side"))).digest == SIDE.digest
    assert (store.source("web"), store.source("side")) == ("engine", "registry")
    with pytest.raises(NotFound, match="none:latest: not found"):
        await pulling.pull(request("none"))


async def test_a_mapped_name_is_pulled_under_the_other_one(store, registry):
    pulling = puller(store, registry, names=["example.com/shop/web=web", "example.com/root=moyai.local/host"])
    image = await pulling.pull(request("example.com/shop/web:latest"))
    assert image.digest == WEB.digest
    assert await asyncio.to_thread(pulling.find, "example.com/shop/web", WEB.digest) == image
    assert (await pulling.pull(request("example.com/root"))).on_host
    assert (await asyncio.to_thread(pulling.find, "example.com/root", None)).on_host


async def test_a_pull_that_fails_or_is_cancelled_leaves_nothing(store, registry, tmp_path):
    broken = build_image({"web": b"3"})
    registry.images[str(parse_reference("broken"))] = broken._replace(blobs=dict.fromkeys(broken.blobs, b"other"))
    pulling = puller(store, registry)
    with pytest.raises(
        BadContent, match=r"failed to extract layer: .*\. Build and push the image again, or check docker\.io"
    ):
        await pulling.pull(request("broken"))
    with pytest.raises(WrongPlatform, match="linux/s390x"):
        await pulling.pull(request("web", Platform("linux", "s390x")))
    registry.may_fetch.clear()
    running = asyncio.create_task(pulling.pull(request("web")))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    registry.may_fetch.set()
    await until_gone(tmp_path / "images")
    assert (await pulling.pull(request("web"))).digest == WEB.digest


async def until_gone(directory):
    """Wait until no lease and no layer is left."""
    paths = []
    for _ in range(6000):
        paths = [*directory.glob("layers/sha256/*"), *directory.glob("leases/*")]
        if not paths:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(paths)


async def test_a_pull_goes_on_for_those_who_still_need_it(store, registry):
    pulling = puller(store, registry)
    registry.may_fetch.clear()
    first, second = (asyncio.create_task(pulling.pull(request("web"))) for _ in range(2))
    await asyncio.sleep(0.1)
    first.cancel()
    registry.may_fetch.set()
    assert (await second).digest == WEB.digest
    assert registry.calls["resolve"] == 1
