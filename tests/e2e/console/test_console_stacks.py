"""A person at the pages of stacks: the events of an update as they happen, the way to a resource, and the deletion."""

from __future__ import annotations

import pytest

from tests.e2e.console.kiosk import kiosk_template

pytestmark = [pytest.mark.e2e]


def test_a_person_follows_an_update_opens_a_resource_and_deletes_the_stack(visit, simulation):
    cfn = simulation.client("cloudformation")
    cfn.create_stack(StackName="stand", TemplateBody=kiosk_template())
    cfn.get_waiter("stack_create_complete").wait(StackName="stand", WaiterConfig={"Delay": 1})
    person = visit(simulation)
    person.open("stacks")
    person.follow("stand")
    person.wait_for_title("stand")
    person.wait_for_text("Resource creation Initiated")
    settings = [{"Name": "containerInsights", "Value": "enabled"}]
    cfn.update_stack(StackName="stand", TemplateBody=kiosk_template(ClusterSettings=settings))
    person.wait_for_text("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    person.tab("Resources")
    person.follow("kiosk")
    person.wait_for_title("kiosk")
    person.open("stacks/stand")
    person.press("Delete stack")
    person.fill("To confirm, type “stand”", "stand")
    person.click(person.page.get_by_role("dialog").get_by_role("button", name="Delete stack"))
    person.wait_for_text("DELETE_COMPLETE")
    assert simulation.client("ecs").describe_clusters(clusters=["kiosk"])["clusters"][0]["status"] == "INACTIVE"
