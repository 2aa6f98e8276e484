"""A scripted registry, and a client of it whose waits take no time."""

from __future__ import annotations

import pytest

from moyai.images.registry.client import RegistryClient
from moyai.images.registry.credentials import Credentials
from moyai.images.registry.settings import RegistrySettings
from moyai.kernel.clock import Instant, Seconds, later
from moyai.testing.clock import EPOCH
from tests.unit.images.registry.scripted_server import scripted_server


class HastyClock:
    """A clock on which every wait is over at once, and is recorded."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._now = EPOCH

    def now(self) -> Instant:
        """See ``Clock``."""
        return self._now

    async def sleep(self, delay: Seconds) -> None:
        """See ``Clock``."""
        self.waits.append(delay)
        self._now = later(self._now, delay)


class Wallet:
    """Credentials by registry, as a test puts them there."""

    def __init__(self) -> None:
        self.credentials: dict[str, Credentials | None] = {}
        self.failure = None

    async def find(self, registry):
        """See ``CredentialSource``."""
        if self.failure is not None:
            raise self.failure
        return self.credentials.get(registry)


@pytest.fixture
def clock():
    """See HastyClock."""
    return HastyClock()


@pytest.fixture
def wallet():
    """Nobody's credentials at first."""
    return Wallet()


@pytest.fixture
async def server():
    """A registry on loopback, without TLS."""
    async with scripted_server() as running:
        yield running


@pytest.fixture
async def other():
    """Another server: a mirror, a storage, a token server."""
    async with scripted_server() as running:
        yield running


@pytest.fixture
async def client(clock, wallet, tmp_path):
    """Without mirrors."""
    made = RegistryClient(RegistrySettings(certificates=tmp_path), clock, wallet)
    yield made
    await made.close()
