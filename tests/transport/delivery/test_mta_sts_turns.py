"""Web hosts of strangers that never answer hold up nobody else's MTA-STS policy, and nobody for ever."""

import asyncio
from typing import Any

import pytest

from transport.delivery import sts_policies
from transport.delivery.sts_policies import FETCHES_AT_ONCE, StsPolicies

POLICY = b"version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 86400\n"


class Names:
    """Every domain has a record and a web host."""

    async def texts(self, name):
        return ["v=STSv1; id=1"]

    async def addresses(self, host):
        return ("192.0.2.1",)


@pytest.fixture
async def policies(monkeypatch):
    async def get(host, *_, **__):
        if "evil" in host:
            await asyncio.Event().wait()
        return POLICY

    monkeypatch.setattr(sts_policies, "get", get)
    names: Any = Names()
    return StsPolicies(names, lambda: None)  # type: ignore[return-value]


async def asked(policies, *domains):
    tasks = [asyncio.create_task(policies.get(domain, is_private_allowed=True)) for domain in domains]
    await asyncio.sleep(0.02)
    return tasks


async def test_fetch__one_strangers_many_names_are_slow__others_are_served(policies):
    tasks = await asked(policies, *(f"n{number}.evil.example" for number in range(3 * FETCHES_AT_ONCE)))
    async with asyncio.timeout(30):
        assert await policies.get("good.test", is_private_allowed=True) is not None
    for task in [*tasks, *policies._fetching.values()]:
        task.cancel()


async def test_fetch__every_turn_is_taken__is_not_waited_for_without_bound(policies, monkeypatch):
    monkeypatch.setattr(sts_policies, "FETCH_S", 0.2)
    slow = await asked(policies, *(f"evil{number}.test" for number in range(FETCHES_AT_ONCE)),
                       *(f"x.evil{number}.example" for number in range(FETCHES_AT_ONCE)))  # fmt: skip
    async with asyncio.timeout(30):
        assert await asyncio.gather(*slow) == [None] * len(slow)
        assert await policies.get("good.test", is_private_allowed=True) is not None
    assert not policies._of_one
