"""Which responses the cache keeps."""

from __future__ import annotations

import pytest

from moyai.api.operation import Context, ReusableOutput
from moyai.api.response_cache import RawRequest, ResponseCache
from moyai.api.wire.http import HttpResponse
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds


@pytest.mark.parametrize(("reads", "makes"), [(1000, 1), (1001, 2)])
def test_a_response_of_many_reads_is_made_again(reads, makes):
    contexts = []

    def make(ctx):
        contexts.append(ctx)
        assert [ctx.store.world.tasks.get(f"task-{number}") for number in range(reads)] == [None] * reads
        return HttpResponse(200, {}, b"{}")

    ctx = Context(DEFAULT_SCOPE, EPOCH, SeededIds(), MemoryStore(), "me", "", "r")
    cache = ResponseCache()
    responses = [cache.respond(ctx, RawRequest("json", "DescribeTasks", b"{}"), make).body for _ in range(2)]
    assert (responses, len(contexts)) == ([b"{}", b"{}"], makes)


def test_requests_with_other_query_strings_are_other_requests():
    ctx, cache = Context(DEFAULT_SCOPE, EPOCH, SeededIds(), MemoryStore(), "me", "", "r"), ResponseCache()
    first, second = (RawRequest("query", "GetMetricData", b"", query) for query in ("n=1", "n=2"))
    cache.put(ctx, first, ReusableOutput(HttpResponse(200, {}, b"1"), lambda _now: True, 1))
    assert cache.get(ctx, first) is not None
    assert cache.get(ctx, second) is None


def test_a_response_that_is_not_current_is_not_served():
    ctx, cache = Context(DEFAULT_SCOPE, EPOCH, SeededIds(), MemoryStore(), "me", "", "r"), ResponseCache()
    raw, answers = RawRequest("query", "GetMetricData", b"{}"), [True, False]
    response = HttpResponse(200, {}, b"1")
    cache.put(ctx, raw, ReusableOutput(response, lambda now: now == EPOCH and answers.pop(0), 1))
    assert [cache.get(ctx, raw) is None for _ in range(2)] == [False, True]
