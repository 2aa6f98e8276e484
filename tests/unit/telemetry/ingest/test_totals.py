"""Totals never go back, and nothing is shown that is not saved."""

from __future__ import annotations

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.ports.metric_store import StoredTotal
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.reporters.envoy_stats import EndpointCounter
from moyai.telemetry.values import ResponseTimes
from tests.unit.telemetry.exposition.test_exposition import CALLS, LINES, NOW, news


def requests(totals):
    return {total.key: total.counters[EndpointCounter.REQUESTS] for total in totals.saved_totals()}


def test_what_is_not_saved_is_not_shown():
    totals = Totals()
    totals.total(CALLS, NOW).add(*news(requests=3), NOW)
    assert requests(totals) == {}
    list(totals.take_unsaved())
    totals.total(CALLS, NOW).add(*news(requests=4), NOW)
    assert requests(totals) == {}
    totals.confirm_saved()
    assert requests(totals) == {CALLS: 3}
    list(totals.take_unsaved())
    totals.mark_unsaved()
    assert requests(totals) == {CALLS: 3}
    assert len(list(totals.take_unsaved())) == 1
    totals.confirm_saved()
    assert requests(totals) == {CALLS: 7}


def test_what_has_not_changed_is_not_saved_again():
    totals = Totals()
    totals.total(CALLS, NOW).add(*news(requests=3), NOW)
    assert len(list(totals.take_unsaved())) == 1
    totals.total(CALLS, NOW).add(*news(), NOW)
    assert list(totals.take_unsaved()) == []


def test_another_life_goes_on_where_this_one_was_saved():
    totals = Totals()
    time = ResponseTimes(Histogram((1.0, 2.0), (1, 2, 3)), 12.0)
    totals.total(CALLS, NOW).add(*news(time, requests=3), NOW)
    totals.total(LINES, NOW).add(*news(connections=3), NOW)
    stored = list(totals.take_unsaved())
    totals.confirm_saved()
    again = Totals([*stored, StoredTotal("x", NOW, b"no total")])
    assert again.saved_totals() == totals.saved_totals()
    assert list(again.take_unsaved()) == []
    again.total(CALLS, NOW).add(*news(time, requests=1), NOW)
    list(again.take_unsaved())
    again.confirm_saved()
    [shown] = [one for one in again.saved_totals() if one.key == CALLS]
    assert (shown.counters[EndpointCounter.REQUESTS], shown.times) == (
        4,
        ResponseTimes(Histogram((1.0, 2.0), (2, 4, 6)), 24.0),
    )


def test_there_are_only_so_many_and_the_silent_go_first(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.ingest.totals.MAX_TOTALS", 2)
    totals = Totals()
    first, second, third = (CALLS._replace(service=name) for name in ("a", "b", "c"))
    for at, key in enumerate((first, second)):
        totals.total(key, Instant(at)).add(*news(requests=1), Instant(at))
    totals.total(first, NOW).add(*news(requests=1), NOW)
    totals.total(third, NOW).add(*news(requests=1), NOW)
    list(totals.take_unsaved())
    totals.confirm_saved()
    assert set(requests(totals)) == {first, third}
