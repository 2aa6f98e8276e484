"""Inside a task names resolve by whatever means people use: Node's own resolvers, and the tools that ask name servers.

What this machine hasn't installed is skipped; the C library and Python are asked in ``test_names_in_tasks``.
"""

from __future__ import annotations

import json
import shutil

import pytest

from tests.contract.runtime.adapters import LinuxAdapter
from tests.e2e.linux_tasks import run, shell
from tests.e2e.test_names_in_tasks import task_with_names

pytestmark = [pytest.mark.e2e, pytest.mark.root]

NODE = """
const dns = require("node:dns").promises
const told = (asked) => asked.catch((error) => error.code)
Promise.all([
  told(dns.lookup("web.shop.local")),
  told(dns.resolve4("web.shop.local", { ttl: true })),
  told(dns.resolve6("web.shop.local")),
  told(dns.resolveSrv("job.shop.local").then((found) => found.length)),
  told(dns.lookup("no.shop.local")),
  told(dns.resolve4("no.shop.local")),
  told(dns.resolve4("web.private.local")),
  told(dns.reverse("172.31.9.9")),
]).then((answers) => console.log(JSON.stringify(answers)))
"""
TOOLS = {
    "dig": ("dig", "+short", "web.shop.local", "A"),
    "drill": ("drill", "-Q", "web.shop.local", "A"),
    "kdig": ("kdig", "+short", "web.shop.local", "A"),
}


async def run_in_task(linux: LinuxAdapter, *command: str) -> list[str]:
    """The output of a command inside a task."""
    async with task_with_names(linux) as (_, task):
        return (await run(linux, shell("", task=task.id, command=command)))[1]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node isn't installed")
async def test_nodejs_resolvers_find_the_name(linux):
    [said] = await run_in_task(linux, "node", "-e", NODE)
    assert json.loads(said) == [
        {"address": "10.0.0.1", "family": 4},
        [{"address": "10.0.0.1", "ttl": 60}],
        "ENODATA",
        8,
        "ENOTFOUND",
        "ENOTFOUND",
        "ESERVFAIL",
        ["ip-172-31-9-9.ec2.internal"],
    ]


@pytest.mark.parametrize("tool", TOOLS)
async def test_dns_tools_find_the_name(linux, tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} isn't installed")
    assert await run_in_task(linux, *TOOLS[tool]) == ["10.0.0.1"]
