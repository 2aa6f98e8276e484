"""Totals never go back, and nothing is shown that is not saved."""

from __future__ import annotations

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.ports.metric_store import KeptTotal
from moyai.telemetry.envoy_stats import Figure, Timed
from moyai.telemetry.totals import Totals
from tests.unit.telemetry.test_exposition import CALLS, LINES, NOW, news


def requests(totals):
    return {shown.whose: shown.counters[Figure.REQUESTS] for shown in totals.shown()}


def test_what_is_not_saved_is_not_shown():
    totals = Totals()
    totals.of(CALLS, NOW).add(*news(requests=3), NOW)
    assert requests(totals) == {}
    list(totals.unsaved())
    totals.of(CALLS, NOW).add(*news(requests=4), NOW)
    assert requests(totals) == {}
    totals.saved()
    assert requests(totals) == {CALLS: 3}
    list(totals.unsaved())
    totals.unsave()
    assert requests(totals) == {CALLS: 3}
    assert len(list(totals.unsaved())) == 1
    totals.saved()
    assert requests(totals) == {CALLS: 7}


def test_what_has_not_changed_is_not_saved_again():
    totals = Totals()
    totals.of(CALLS, NOW).add(*news(requests=3), NOW)
    assert len(list(totals.unsaved())) == 1
    totals.of(CALLS, NOW).add(*news(), NOW)
    assert list(totals.unsaved()) == []


def test_another_life_goes_on_where_this_one_was_saved():
    totals = Totals()
    time = Timed(Histogram((1.0, 2.0), (1, 2, 3)), 12.0)
    totals.of(CALLS, NOW).add(*news(time, requests=3), NOW)
    totals.of(LINES, NOW).add(*news(connections=3), NOW)
    kept = list(totals.unsaved())
    totals.saved()
    again = Totals([*kept, KeptTotal("x", NOW, b"no total")])
    assert again.shown() == totals.shown()
    assert list(again.unsaved()) == []
    again.of(CALLS, NOW).add(*news(time, requests=1), NOW)
    list(again.unsaved())
    again.saved()
    [shown] = [one for one in again.shown() if one.whose == CALLS]
    assert (shown.counters[Figure.REQUESTS], shown.time) == (4, Timed(Histogram((1.0, 2.0), (2, 4, 6)), 24.0))


def test_there_are_only_so_many_and_the_silent_go_first(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.totals.MAX_TOTALS", 2)
    totals = Totals()
    first, second, third = (CALLS._replace(service=name) for name in ("a", "b", "c"))
    for at, whose in enumerate((first, second)):
        totals.of(whose, Instant(at)).add(*news(requests=1), Instant(at))
    totals.of(first, NOW).add(*news(requests=1), NOW)
    totals.of(third, NOW).add(*news(requests=1), NOW)
    list(totals.unsaved())
    totals.saved()
    assert set(requests(totals)) == {first, third}
