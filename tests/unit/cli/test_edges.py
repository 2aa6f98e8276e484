from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moyai.cli.edges import _covering


@given(start=st.floats(0, 4e9), length=st.floats(0, 10_800))
def test_one_period_of_cloudwatch_holds_both_moments(start, length):
    begin, period = _covering(start, start + length)
    assert period % 60 == 0
    assert begin % period == 0
    assert begin <= start
    assert start + length < begin + period
