"""The process of a NodeProcess: one TransportService, told what to do by lines of JSON on its standard input."""

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import structlog
import uvloop

from transport.config.document import MailFlow
from transport.model.event import TrackingEvent
from transport.model.queue_order import QueueOrder
from transport.ports.node import ListenAddress, Peer, Ports, ShadowPort
from transport.queues.actions import Actions
from transport.service.engine import TransportService


async def main(said: dict) -> None:
    service = TransportService(
        node=said["node"],
        home=Path(said["home"]),
        listen=(ListenAddress("smtp", "127.0.0.1", said["port"]), ListenAddress("submission", "127.0.0.1", 0)),
        document=MailFlow.model_validate_json(json.dumps(said["document"])),
        revision=1,
        ports=Ports(
            shadow=ShadowPort(
                ListenAddress("shadow", "127.0.0.1", said["shadow_port"]),
                host=said["host"],
                keys=(said["key"].encode(),),
            )
        ),
    )
    await service.know_peers([Peer(**one) for one in said["peers"]])
    await service.start()
    address = service._parts.listener.address_of("smtp")
    answer({"smtp": address, "shadow": service.shadow_address})
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    listening = asyncio.get_running_loop().create_task(obey(service))
    await stopping.wait()
    listening.cancel()
    await service.drain(timeout_s=4)


async def obey(service: TransportService) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    revision = 1
    while line := await reader.readline():
        said = json.loads(line)
        if "snapshot" in said:
            answer(json.loads(service.snapshot().to_json()))
        elif "document" in said:
            revision += 1
            document = MailFlow.model_validate_json(json.dumps(said["document"]))
            await service.reload(document=document, revision=revision)
            answer({})
        elif "order" in said:
            if said["die_at"]:
                die_at(said["die_at"], is_written=said["is_written"])
            answer((await service.control.start(QueueOrder.of_row(said["order"]))).row())
        elif "job" in said:
            job = service.control.job(said["job"])
            answer(job.row() if job is not None else {})
        elif "peers" in said:
            await service.know_peers([Peer(**one) for one in said["peers"]])
            answer({})
        elif "events" in said:
            events = [TrackingEvent.from_json(row) for _, row in service.outbox.read(after=0, limit=1_000_000)]
            wanted = [event for event in events if event.event in said["events"]]
            answer([json.loads(event.to_json()) for event in wanted])


def die_at(number: int, *, is_written: bool) -> None:
    """End as by `kill -9` when the message of that number is to be acted on. ``is_written``: the spool's thread has had
    time to write what was done, and the loop none to hear of it."""
    plain, acted = Actions.act, itertools.count(1)

    def act(self: Actions, *about: Any) -> bool:
        if next(acted) == number:
            time.sleep(0.5 if is_written else 0)
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(self, *about)

    setattr(Actions, "act", act)  # noqa: B010 - a method is not to be assigned to otherwise


def answer(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # answers alone go to stdout
    uvloop.run(main(json.loads(sys.argv[1])))
