"""Copies kept for others: delivered when their node is silent or was replaced, let go when it says so."""

import asyncio
import os
import threading
import time
from errno import ENOSPC

import pytest

from tests.transport.spool.test_sqlite_spool import make_message
from transport.model.event import EventId
from transport.model.hold import Hold
from transport.model.outcome import RecipientStatus
from transport.model.ruled import Ruled
from transport.ports.spool import SpoolFull, SpoolUnavailable
from transport.queues import ruled
from transport.shadow.keeper import Keeper
from transport.spool import rows
from transport.spool.recovery import mask
from transport.spool.sqlite_spool import SqliteSpool

LIMITS = {"is_on": True, "silence_s": 60, "forget_s": 1000}


class Node:
    """A keeper with its own spool, a clock that passes when told, and what it took over."""

    def __init__(self, folder) -> None:
        self.now = 1000.0
        self.entered: list = []
        self.is_failing = False
        self.spool = SqliteSpool(folder, node="keeper")
        self.keeper = Keeper(
            folder / "shadow", submit=self._submit, own=self.spool, clock=lambda: self.now, monotonic=lambda: self.now
        )

    def _submit(self, message, events):
        future = asyncio.get_running_loop().create_future()
        if self.is_failing:
            future.set_exception(SpoolUnavailable("disk full"))
        else:
            self.entered.append((message, events[1]))
            future.set_result(None)
        return future

    async def __aenter__(self):
        await self.spool.start()
        await self.keeper.start()
        return self

    async def __aexit__(self, *_):
        await self.keeper.stop()
        await self.spool.stop()

    async def keep(self, *messages, node="other", spool_id=7):
        origin = await self.keeper.origin(node, spool_id)
        await origin.keep([(one.id, mask(one), rows.encode_message(one), one.body) for one in messages])
        return origin


@pytest.fixture
async def make(tmp_path):
    """Messages of another node."""
    spool = SqliteSpool(tmp_path / "elsewhere", node="other")
    await spool.start()
    yield lambda **said: make_message(spool, **said)
    await spool.stop()


async def test_keep__sent_again_while_its_first_commit_fails__is_not_confirmed(tmp_path, make, monkeypatch):
    monkeypatch.setattr("transport.spool.writer.FAILURE_PAUSE_S", 0.01)
    message, write, began = make(), os.pwritev, threading.Event()

    def refuse_once(*given):
        if not began.is_set():
            began.set()
            time.sleep(0.1)
            raise OSError(ENOSPC, "full")
        return write(*given)

    async with Node(tmp_path) as node:
        origin = await node.keeper.origin("other", 7)
        monkeypatch.setattr("os.pwritev", refuse_once)
        first = asyncio.ensure_future(node.keep(message))
        await asyncio.to_thread(began.wait, 5)
        second = asyncio.ensure_future(node.keep(message))
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [SpoolFull, SpoolUnavailable] and not origin.count
        await node.keep(message)
        assert origin.ids() == [message.id]


async def test_silent_for_too_long__its_mail_is_entered_here_as_new(tmp_path, make):
    message = make(recipients=2)
    async with Node(tmp_path) as node:
        origin = await node.keep(message)
        await node.keeper.look(**LIMITS)
        assert not node.entered
        node.now += 61
        await node.keeper.look(**LIMITS)
        ((entered, event),) = node.entered
        assert (entered.id, entered.body, len(entered.recipients)) == (message.id, message.body, 2)
        assert {(one.next_hop, one.is_resolved) for one in entered.recipients} == {(None, True)}
        assert event.event is EventId.SHADOW_REDIRECT and event.detail["from_node"] == "other"
        assert origin.count == 0 and node.keeper.redirected_total == 1
        kept = await node.keeper.greet(origin)
        assert (kept.held, kept.redirected) == ([], [message.id])


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_held_or_deleted_by_a_mail_flow_rule__is_so_here_too(tmp_path, make, is_deleted):
    message = make(recipients=2)
    message.ruled = Ruled(connector_id="c", is_held=not is_deleted, is_deleted=is_deleted, by="No programs")
    ruled.delete(message, 5.0) if is_deleted else ruled.hold(message, message.recipients, 5.0)
    async with Node(tmp_path) as node:
        await node.keep(message)
        node.now += 61
        await node.keeper.look(**LIMITS)
        ((entered, _),) = node.entered
        assert entered.ruled == message.ruled


async def test_held_by_a_hold_rule__the_rules_here_are_asked_again(tmp_path, make):
    message = make()
    message.recipients[0].status = RecipientStatus.SUSPENDED
    message.recipients[0].hold = Hold("anna", rule_id="h1")
    async with Node(tmp_path) as node:
        await node.keep(message)
        node.now += 61
        await node.keeper.look(**LIMITS)
        ((entered, _),) = node.entered
        assert (entered.ruled, entered.recipients[0].hold) == (None, None)


async def test_settled_recipients__are_not_delivered_again(tmp_path, make):
    message, done = make(recipients=3), make()
    async with Node(tmp_path) as node:
        origin = await node.keep(message, done)
        origin.settle([(message.id, 0), (message.id, 2), (done.id, -1)])
        await asyncio.sleep(0.1)
        node.now += 61
        await node.keeper.look(**LIMITS)
        ((entered, _),) = node.entered
        assert [one.index for one in entered.recipients] == [1]


async def test_restart__copies_and_what_was_delivered_are_remembered(tmp_path, make):
    first, second = make(), make()
    async with Node(tmp_path) as node:
        await node.keep(first)
        node.now += 61
        await node.keeper.look(**LIMITS)
        await node.keep(second)
    async with Node(tmp_path) as node:
        origin = await node.keeper.origin("other", 7)
        kept = await node.keeper.greet(origin)
        assert (kept.held, kept.redirected) == ([second.id], [first.id])
        node.keeper.acknowledge(origin, [first.id])
        assert (await node.keeper.greet(origin)).redirected == []


async def test_disk_full_here__tried_again_and_nothing_lost(tmp_path, make):
    async with Node(tmp_path) as node:
        origin = await node.keep(make())
        node.now += 61
        node.is_failing = True
        await node.keeper.look(**LIMITS)
        assert origin.count == 1
        node.is_failing = False
        await node.keeper.look(**LIMITS)
        assert len(node.entered) == 1 and origin.count == 0


async def test_node_with_another_spool__the_old_copies_are_delivered_at_once(tmp_path, make):
    message = make()
    async with Node(tmp_path) as node:
        await node.keep(message, spool_id=7)
        new = await node.keeper.origin("other", 8)
        new.connections = 1
        kept = await node.keeper.greet(new)
        assert (kept.held, kept.redirected, kept.redirected_of_others) == ([], [], [message.id])
        await node.keeper.look(**LIMITS)
        assert len(node.entered) == 1


async def test_already_here__is_not_entered_again__another_of_the_same_id_is(tmp_path, make):
    message = make()
    async with Node(tmp_path) as node:
        await node.spool.commit(message, [])
        await node.keep(message)
        node.now += 61
        await node.keeper.look(**LIMITS)
        assert not node.entered
        await asyncio.sleep(0.1)
        twin = make()
        twin.id, twin.session_id = message.id, "another session"
        await node.keep(twin)
        node.now += 61
        await node.keeper.look(**LIMITS)
        ((entered, _),) = node.entered
        assert entered.id != message.id and entered.session_id == "another session"


async def test_switched_off__copies_of_living_nodes_go_those_of_silent_ones_are_delivered(tmp_path, make):
    async with Node(tmp_path) as node:
        await node.keep(make(), node="silent")
        node.now += 30
        living = await node.keep(make(), node="living")
        node.keeper.drop(silence_s=10)
        assert living.count == 0
        await node.keeper.look(**{**LIMITS, "is_on": False})
        assert [event.detail["from_node"] for _, event in node.entered] == ["silent"]


async def test_switched_off__silence_means_nothing(tmp_path, make):
    async with Node(tmp_path) as node:
        await node.keep(make())
        node.now += 10_000
        await node.keeper.look(**{**LIMITS, "is_on": False})
        assert not node.entered and node.keeper.held == 1


async def test_name_that_is_none__is_refused(tmp_path):
    async with Node(tmp_path) as node:
        with pytest.raises(ValueError, match="not the name of a node"):
            await node.keeper.origin("../../etc", 7)
