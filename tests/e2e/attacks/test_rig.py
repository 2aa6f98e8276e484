"""The rig itself: who a program is, and that what it prints comes back."""

from __future__ import annotations

import pytest

from tests.e2e.attacks.rig import PLAIN_USER, ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.mark.parametrize("user", [ROOT, PLAIN_USER])
@pytest.mark.parametrize("added", [(), ("SYS_PTRACE",), ("SYS_ADMIN",)])
def test_programs_report_from_tasks(rig, user, added):
    attempts = rig.run("identity", capabilities=added, user=user)
    assert attempts["mknod(/dev/mem)"].refused
    assert attempts["sethostname"].refused is not ("SYS_ADMIN" in added and user == ROOT)


def test_programs_report_from_sessions(rig):
    arn = rig.start(["sleep", "infinity"])
    rig.cluster.until(arn, "RUNNING")
    assert all(attempt.refused for attempt in rig.run_in_session(arn, "identity").values())
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=arn)
