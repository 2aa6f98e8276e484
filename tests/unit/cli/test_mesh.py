from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from moyai.cli.mesh.keyboard import parse_keys
from moyai.cli.mesh.metrics import _period, span_back
from moyai.cli.mesh.table import success_text
from moyai.cli.mesh.view import SPANS, View, handle_key
from moyai.cli.options import duration
from moyai.cli.output import can_redraw


@given(now=st.floats(1e9, 4e9), length=st.floats(1, 1_296_000))
def test_one_cloudwatch_period_covers_the_whole_span(now, length):
    span = span_back(now, length)
    period = _period(span)
    assert period % 60 == 0
    assert span.start % 60 == 0
    assert span.start <= now - length < span.start + 60
    assert span.end == now < span.start + period <= now + 60


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("2d", 172_800)])
def test_a_duration_is_a_number_and_a_unit(text, seconds):
    assert duration(text, "--since") == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-5m", "5 m", "16d", "1e3s"])
def test_other_text_is_not_a_duration(text):
    with pytest.raises(Exception, match="is not a time such as 90s"):
        duration(text, "--since")


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("q", ["q"]),
        ("gg", ["g", "g"]),
        ("\x1b[A", ["up"]),
        ("\x1b", ["escape"]),
        ("\x1b[99~", []),
        ("", ["q"]),
        ("\x1b[B\x1b[B\x1b[6~s", ["down", "down", "pagedown", "s"]),
        ("\x1bx\x1b[99~q", ["q"]),
    ],
)
def test_terminal_input_is_parsed_as_keys(sent, keys):
    assert parse_keys(sent) == keys


@given(
    st.lists(st.sampled_from(["q", "s", "r", "g", "+", "-", "/", "a", "up", "down", "enter", "escape", "backspace"]))
)
def test_any_keys_keep_the_view_valid(keys):
    view = View()
    for key in keys:
        view = handle_key(view, key)
        assert view.offset >= 0
        assert view.since in SPANS
        assert view.typing or key != "escape" or not view.find


def test_text_typed_into_the_filter_is_not_a_command():
    view = View()
    for key in ["/", "q", "s", "backspace", "enter"]:
        view = handle_key(view, key)
    assert (view.find, view.typing, view.ended, view.sort) == ("q", False, False, View().sort)
    assert handle_key(view, "escape").find == ""


@pytest.mark.parametrize(
    ("failures", "requests", "shown"),
    [(4, 5, "20 %"), (9, 10, "10 %"), (8, 25, "68 %"), (1, 3, "66.66 %"), (1, 1_000_000, "99.99 %"), (0, 7, "100 %")],
)
def test_a_success_rate_is_truncated_to_two_digits(failures, requests, shown):
    assert success_text(1 - failures / requests).plain.split(" !")[0] == shown


@pytest.mark.parametrize(("kind", "lives"), [("xterm", True), ("dumb", False), ("unknown", False)])
def test_the_table_refreshes_only_in_a_terminal(kind, lives):
    assert can_redraw(Console(force_terminal=True, _environ={"TERM": kind})) is lives
