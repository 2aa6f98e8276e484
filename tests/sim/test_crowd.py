from __future__ import annotations

import pytest

from tests.sim.crowd import REPLICAS, Crowd

FACTOR = 2


@pytest.mark.heavy
async def test_an_update_among_ten_thousand_tasks_costs_as_much_as_among_a_hundred():
    few, many = await measure(10), await measure(1000)
    assert all(cost <= FACTOR * base for cost, base in zip(many, few, strict=True)), (few, many)


async def measure(services):
    crowd = Crowd(services)
    await crowd.converge()
    try:
        assert len(crowd.installation.runtime.network_spec.vpcs[0].interfaces) == services * REPLICAS
        return await crowd.cost_of_an_update()
    finally:
        await crowd.installation.crash()
        assert crowd.installation.runtime.strangers == []
