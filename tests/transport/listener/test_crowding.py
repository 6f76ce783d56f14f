"""Memory short for messages on their way in: they go to disk and come back, in turn; 452 is for what is really full."""

import asyncio
import contextlib
import threading

import pytest

from tests.support.listener import connector, mail_flow, running
from tests.support.smtp import SmtpClient
from transport.listener import crowding
from transport.listener.budget import Line

TEXT = b"MAIL FROM:<>\r\nRCPT TO:<b@acme.example>\r\n"
DOTTED = (b".%07d\r\n" % number for number in range(50_000))
LINES = b"Subject: x\r\n\r\n" + b"".join(DOTTED)
STUFFED = LINES.replace(b".", b"..", 50_000)


@pytest.fixture
def crowded(tmp_path):
    with running(mail_flow(connector(connection_inactivity_timeout=1)), spill_folder=tmp_path / "incoming") as server:
        memory = server.listener._context.memory
        memory.reading.limit_bytes = memory.storing.limit_bytes = 100_000
        yield server
        server.wait_until(lambda: memory.reading.used_bytes == memory.storing.used_bytes == 0)


@pytest.fixture
def clients(crowded):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(crowded.greeted()) for _ in range(8)]


def codes(client: SmtpClient, count: int) -> list[int]:
    return [client.expect_reply().code for _ in range(count)]


def test_data__many_at_once_beyond_the_memory__all_are_accepted_byte_for_byte(crowded, clients):
    for _ in range(2):
        senders = [
            threading.Thread(target=client.send_bytes, args=(TEXT + b"DATA\r\n" + STUFFED + b".\r\n",))
            for client in clients
        ]
        for sender in senders:
            sender.start()
        assert [codes(client, 4) for client in clients] == [[250, 250, 354, 250]] * 8
    assert crowded.bodies == [LINES] * 16


def test_bdat__beyond_the_memory__is_accepted_byte_for_byte(crowded):
    with crowded.greeted() as client:
        for start in range(0, 400_000, 80_000):
            chunk = LINES[start : start + 80_000]
            client.send_bytes((TEXT if not start else b"") + b"BDAT %d\r\n" % len(chunk) + chunk)
        client.send_bytes(b"BDAT 3 LAST\r\nend")
        assert codes(client, 8) == [250] * 8
    assert crowded.bodies == [LINES[:400_000] + b"end\r\n"]


def test_slow_peers_hold_all_memory__a_whole_message_is_stored_none_the_less(crowded, clients):
    for client in clients[:4]:
        client.send_bytes(TEXT + b"DATA\r\n" + b"x" * 60_000)
        assert codes(client, 3) == [250, 250, 354]
    with crowded.greeted() as client:
        client.send_bytes(TEXT + b"DATA\r\n" + STUFFED + b".\r\n")
        assert codes(client, 4) == [250, 250, 354, 250]


def test_no_turn_within_the_timeout__is_452(crowded):
    crowded.call(lambda: crowded.listener._context.memory.storing.take(90_000))
    with crowded.greeted() as client:
        client.send_bytes(TEXT + b"DATA\r\n" + STUFFED + b".\r\nNOOP\r\n")
        assert codes(client, 5) == [250, 250, 354, 452, 250]
    assert crowded.refusals[0].detail["limit"] == "DataMemory"
    crowded.call(lambda: crowded.listener._context.memory.storing.give_back(90_000))


def test_disk_that_takes_nothing__is_452(tmp_path):
    (tmp_path / "incoming").write_text("no folder")
    with running(spill_folder=tmp_path / "incoming") as server, server.greeted() as client:
        server.listener._context.memory.reading.limit_bytes = 100_000
        client.send_bytes(TEXT + b"DATA\r\n" + STUFFED + b".\r\nNOOP\r\n")
        assert codes(client, 5) == [250, 250, 354, 452, 250]


def test_back_pressure__a_message_that_needs_disk_is_452(crowded):
    with crowded.greeted() as client:
        client.send_bytes(TEXT + b"DATA\r\n" + b"x" * (crowding.SPILL_FROM_BYTES // 2))
        assert codes(client, 3) == [250, 250, 354]
        crowded.intake.why_not_accepting = "disk full"
        client.send_bytes(STUFFED + b".\r\n")
        assert codes(client, 1) == [452]


def test_peer_gone_while_its_message_waits__frees_all(crowded, tmp_path):
    crowded.call(lambda: crowded.listener._context.memory.storing.take(90_000))
    with crowded.greeted() as client:
        client.send_bytes(TEXT + b"DATA\r\n" + STUFFED + b".\r\n")
        crowded.wait_until(lambda: crowded.listener._context.memory.storing._waiting)
    crowded.wait_until(lambda: not crowded.listener.sessions)
    crowded.call(lambda: crowded.listener._context.memory.storing.give_back(90_000))
    assert list((tmp_path / "incoming").iterdir()) == []


def test_room__is_given_in_order_and_more_than_there_is_alone():
    async def order() -> list[str]:
        line, got = Line(100), []

        async def ask(name: str, count: int) -> None:
            await line.room(count)
            got.append(name)

        tasks = []
        for name, count in (("first", 60), ("huge", 500), ("small", 10)):
            tasks.append(asyncio.create_task(ask(name, count)))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        for count in (60, 500):
            got.append("|")
            line.give_back(count)
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
        return got

    assert asyncio.run(order()) == ["first", "|", "huge", "|", "small"]
