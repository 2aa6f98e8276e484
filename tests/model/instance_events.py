"""The events of container instances."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.testing.instances import set_instance_status
from tests.model.harness import Harness

PICK = st.integers(0, 999)


class InstanceEvents(RuleBasedStateMachine):
    """Drains, deregisters and loses instances of a harness."""

    it: Harness

    @precondition(lambda self: self._hosts())
    @rule(which=PICK, status=st.sampled_from(ContainerInstanceStatus))
    def an_instance_turns(self, which, status):
        set_instance_status(self.it.build, self._hosts()[which % len(self._hosts())].arn, status)

    @precondition(lambda self: self._hosts())
    @rule(which=PICK)
    def an_instance_is_lost(self, which):
        self.it.runtime.lose_sandbox(self._hosts()[which % len(self._hosts())].id)

    def _hosts(self) -> list[ContainerInstance]:
        return [i for i in self.it.book.world.container_instances if not i.gone]
