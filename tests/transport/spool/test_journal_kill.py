"""A process that is killed while it stores, delivers and ships loses nothing."""

import asyncio
import random
import signal
import subprocess
import sys

import pytest

from tests.transport.spool.journal_kit import events
from tests.transport.spool.test_sqlite_spool import opened

pytestmark = pytest.mark.usefixtures("who_syncs")
KILLED = """
import asyncio, random, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.transport.spool.journal_kit import committed, set_status
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus
from transport.spool import journal
from transport.spool.sqlite_spool import SqliteSpool
journal.SEGMENT_BYTES = 40 * 4096
async def main():
    spool = SqliteSpool(Path(sys.argv[1]), node="transport-1")
    for message in await spool.start():
        print("found", message.id, flush=True)
    async def sender():
        while True:
            (message,) = await committed(spool, 1, body=b"x" * random.randrange(1, 9000))
            print("promised", message.id, flush=True)
            way = random.random()
            if way < 0.3:
                set_status(spool, message, RecipientStatus.RETRY, EventId.DEFER)
                await asyncio.sleep(random.random() * 0.1)
            if way < 0.9:
                print("ending", message.id, flush=True)
                set_status(spool, message, RecipientStatus.DELIVERED)
                await spool.written()
                print("gone", message.id, flush=True)
    async def shipper():
        shipped = 0
        while True:
            await asyncio.sleep(0.05)
            read = spool.outbox.read(after=shipped, limit=200)
            for sequence, _ in read:
                print("event", sequence, flush=True)
            if read:
                shipped = read[-1][0]
                spool.outbox.acknowledge(up_to=shipped)
    await asyncio.gather(shipper(), *(sender() for _ in range(20)))
asyncio.run(main())
"""
WORDS = ("promised", "ending", "gone", "event")


@pytest.mark.parametrize("lines", [random.Random(round).randrange(300, 3000) for round in range(4)])
def test_kill__while_segments_turn__nothing_is_lost_and_nothing_comes_again(tmp_path, request, lines):
    code = KILLED.format(root=str(request.config.rootpath))
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().split("\n")[:-1]
    process.wait()
    of = {word: [int(line.split()[1]) for line in said if line.startswith(word)] for word in WORDS}

    async def recovered():
        spool, found = await opened(tmp_path)
        bodies = {message.id: await spool.read_body(message.id) for message in found}
        rest = events(spool, of["event"][-1] if of["event"] else 0)
        await spool.stop()
        return bodies, rest

    bodies, rest = asyncio.run(recovered())
    assert set(of["promised"]) - set(of["ending"]) <= set(bodies)
    assert not set(of["gone"]) & set(bodies)
    assert all(set(body) <= set(b"x") for body in bodies.values())
    numbers = of["event"] + [sequence for sequence, _ in rest]
    assert numbers == list(range(1, len(numbers) + 1))
