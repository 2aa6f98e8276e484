"""A delegate that answers S3 with the objects of a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from moyai.ports.delegate import Delegate, DelegatedRequest, DelegatedResponse, ServiceOwner


class Objects(Delegate):
    """S3 with the objects of a dictionary, by path."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.requests: list[DelegatedRequest] = []

    def owners(self) -> Sequence[ServiceOwner]:
        return ()

    def refusal(self, service: str) -> str | None:
        return None if self.objects else f"{service} is not part of moyai; install moyai[aws]."

    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        self.requests.append(request)
        content = self.objects.get(request.target)
        if content is None:
            fault = b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
            return DelegatedResponse(404, (), _chunks(fault))
        return DelegatedResponse(200, (), _chunks(content))

    async def close(self) -> None:
        pass


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
