from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from moyai.app.gc_tuning import gc_tuned


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = (gc.get_threshold(), len(gc.callbacks), gc.get_freeze_count())
    yield
    assert (gc.get_threshold(), len(gc.callbacks), gc.get_freeze_count()) == before


def ticking(step: float) -> Callable[[], float]:
    """A clock that goes on by so much with each look at it."""
    times = iter(range(1000))
    return lambda: step * next(times)


def test_existing_objects_are_frozen():
    with gc_tuned(ticking(0)):
        assert gc.get_freeze_count() > 1000


@pytest.mark.parametrize(("seconds", "frozen"), [(0.1, True), (0.001, False)])
def test_survivors_of_a_slow_collection_are_frozen(seconds, frozen):
    with gc_tuned(ticking(seconds)):
        new: list[list[int]] = [[] for _ in range(500)]
        before = gc.get_freeze_count()
        gc.collect()
        assert (gc.get_freeze_count() - before >= len(new)) is frozen


def test_young_collections_freeze_nothing():
    with gc_tuned(ticking(0.1)):
        new: list[list[int]] = [[] for _ in range(500)]
        before = gc.get_freeze_count()
        gc.collect(1)
        assert gc.get_freeze_count() - before < len(new)
