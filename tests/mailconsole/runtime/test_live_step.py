"""Live regions are rendered in the worker of the control queue, by itself, and in no other."""

from __future__ import annotations

import json
import subprocess
import time
from types import SimpleNamespace

import pytest
from redis import Redis

from mailconsole.celery import app
from mailconsole.common.redis import REDIS_DOWN
from mailconsole.runtime.live_step import LiveStep
from mailconsole.runtime.supervisor.plan import worker
from tests.mailconsole.runtime.test_worker_without_broker import broker, product
from tests.support.product import ROOT

__all__ = ["product"]


@pytest.mark.parametrize(("queue", "is_included"), [("control", True), ("transport-1", False)])
def test_live_step__worker_of_a_queue__is_included_for_control_only(queue, is_included, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    made = SimpleNamespace(app=SimpleNamespace(conf=app.conf, amqp=SimpleNamespace(queues=SimpleNamespace())))
    made.app.amqp.queues.consume_from = {queue: object()}
    assert LiveStep.include_if(SimpleNamespace(), made) is is_included


def test_control_worker__somebody_watches_and_there_is_no_beat__ticks_twice_a_second(product):
    with broker(product) as (_, url):
        environment = product.environment | {"REDIS_URL": url}
        subscription = Redis.from_url(url).pubsub(ignore_subscribe_messages=True)
        wait_until(lambda: subscription.subscribe("mailconsole:live") or True)
        process = subprocess.Popen(worker("control", "control"), env=environment, cwd=ROOT)
        try:
            heard: list[float] = []
            wait_until(lambda: len(hear(subscription, heard)) >= 5)
            assert heard[4] - heard[1] < 6
        finally:
            process.terminate()
            assert process.wait(20) == 0


def hear(subscription, heard: list[float]) -> list[float]:
    """When ticks came, with the one that comes now."""
    message = subscription.get_message(timeout=0.2)
    if message is not None and "tick" in json.loads(message["data"]):
        heard.append(time.monotonic())
    return heard


def wait_until(happened) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            if happened():
                return
        except REDIS_DOWN:
            time.sleep(0.1)
        assert time.monotonic() < end
