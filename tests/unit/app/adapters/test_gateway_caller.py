"""The inputs of calls for the resources of stacks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from moyai.api.models import load_models
from moyai.app.adapters.gateway_caller import fit_input
from moyai.stacks.types.procedure import AwsCallFailed, Call

OPERATION = load_models(["scheduler"])["scheduler"].operation_model("CreateSchedule")


def fit_schedule(**members: object) -> dict[str, object]:
    return fit_input(Call("scheduler", "CreateSchedule", members), OPERATION)


@pytest.mark.parametrize("value", ["x", ["x"], 1e308])
@pytest.mark.parametrize(("name", "kind"), [("FlexibleTimeWindow", "structure"), ("StartDate", "timestamp")])
def test_a_value_of_another_type_is_refused_with_the_name_of_its_member(name, kind, value):
    with pytest.raises(AwsCallFailed, match=f"a value is not of the type {kind}: /{name}"):
        fit_schedule(**{name: value})


def test_a_member_of_a_member_is_named_too():
    with pytest.raises(AwsCallFailed, match="of the type integer: /Target/RetryPolicy/MaximumRetryAttempts"):
        fit_schedule(target={"RetryPolicy": {"MaximumRetryAttempts": [1]}})


def test_a_timestamp_is_read():
    assert fit_schedule(startDate="2026-01-01T00:00:00Z") == {"StartDate": datetime(2026, 1, 1, tzinfo=UTC)}
