"""Which sources an image is looked for in, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.app.config import ImageSettings
from moyai.app.image_sources import ImageSources
from moyai.images.model import Platform
from moyai.images.puller import PullRequest
from moyai.images.reference import parse_reference
from moyai.images.registry.credentials import Credentials
from moyai.kernel.secret import Secret
from moyai.testing.clock import ManualClock

AMD = Platform("linux", "amd64")
ENGINES = (Path("/run/docker.sock"), Path("/run/podman.sock"))


@pytest.fixture
async def sources(tmp_path):
    """Of two engines and the registries."""
    made = ImageSources(ImageSettings(engines=ENGINES), ManualClock(), tmp_path)
    yield made
    await made.close()


async def test_engines_are_asked_before_the_registry(sources):
    asked = sources(PullRequest(parse_reference("nginx"), AMD))
    assert [source.source.name for source in asked] == ["Docker Engine", "Podman", "registry"]


async def test_credentials_make_another_client_of_the_registry(sources):
    reference = parse_reference("ghcr.io/shop/app:1")
    own = Credentials("me", Secret("secret"), "repositoryCredentials")
    plain, with_own = (sources(PullRequest(reference, AMD, user))[-1].source for user in (None, own))
    assert plain is not with_own
