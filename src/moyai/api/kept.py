"""Questions that are asked again and again, and their answers, kept for as long as they would be the same.

Promise: the same words in the same protocol mean the same, so they are read and checked once; a question that was
refused is not kept and is read again. A kept answer goes out only while the operation's ``basis``, which is worked out
anew for everybody who asks, is what it was when the answer was made; it carries the request id of who asks now.
Who asks is verified by the door each time, before anything here. What is kept is bounded, in number and in size.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from moyai.api.wire.codec import REQUEST_ID
from moyai.api.wire.http import HttpResponse
from moyai.kernel.scope import Scope

_QUESTIONS: Final = 1024
_LONGEST_QUESTION: Final = 2048
_ANSWERS: Final = 512
_LONGEST_ANSWER: Final = 32 * 1024


class Words(NamedTuple):
    """One question as it was put. Only for protocols that have all of it in the body."""

    protocol: str
    operation: str
    body: bytes


class _Kept(NamedTuple):
    basis: Hashable
    answer: HttpResponse


class Questions:
    """What words mean: typed requests that have passed every check."""

    def __init__(self) -> None:
        self._meaning: dict[Words, object] = {}

    def get(self, words: Words) -> object | None:
        """The typed request; None for words that were not heard before."""
        return self._meaning.get(words)

    def keep(self, words: Words, typed: object) -> None:
        """Remember what the words mean."""
        if len(words.body) <= _LONGEST_QUESTION:
            if len(self._meaning) >= _QUESTIONS:
                self._meaning.clear()
            self._meaning[words] = typed


class Answers:
    """What was answered to words from a scope."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Scope, Words], _Kept] = {}

    def get(self, scope: Scope, words: Words, basis: Hashable) -> HttpResponse | None:
        """The answer that would be made, but for its request id, if it was made before on the same basis."""
        kept = self._kept.get((scope, words))
        return None if kept is None or kept.basis != basis else kept.answer

    def keep(self, scope: Scope, words: Words, basis: Hashable, answer: HttpResponse) -> None:
        """Remember an answer and what it was made on."""
        if len(answer.body) <= _LONGEST_ANSWER and len(words.body) <= _LONGEST_QUESTION:
            if len(self._kept) >= _ANSWERS:
                self._kept.clear()
            self._kept[scope, words] = _Kept(basis, answer)


def renewed(answer: HttpResponse, request_id: str) -> HttpResponse:
    """The answer for another who asks."""
    return HttpResponse(answer.status, {**answer.headers, REQUEST_ID: request_id}, answer.body)
