"""Snapshots, rates, regions: rendered once, published when changed, nothing while nobody watches or Redis is away."""

from __future__ import annotations

import asyncio
import json

import pytest

from mailconsole.common.redis import redis_client
from mailconsole.nodes.health import health_of
from mailconsole.nodes.live import publish
from mailconsole.nodes.live.hub import Hub, RegionState
from mailconsole.nodes.live.publish import CHANNEL, publish_regions
from mailconsole.nodes.live.rates import Rates, Sample, rates_of
from mailconsole.nodes.snapshots import Live, read_live, read_snapshots
from tests.support.factories import create_viewer, signed_in
from tests.support.snapshots import node, queue, show
from transport.model.certificate import PresentedCertificate


def test_read_snapshots__what_nodes_published__by_name(live_redis):
    show(node("transport-2"), node("transport-1", queue()))

    assert [snapshot.node for snapshot in read_snapshots()] == ["transport-1", "transport-2"]


def test_read_snapshots__silent_node__is_forgotten(live_redis):
    show(node("transport-1"))
    redis_client().pexpire("mailconsole:snapshot:transport-1", 1)
    while redis_client().exists("mailconsole:snapshot:transport-1"):
        pass

    assert read_live() == Live(True, ())


def test_read_snapshots__of_an_unknown_version__are_left_out(live_redis):
    show(node("transport-1"))
    redis_client().set("mailconsole:snapshot:transport-1", b'{"new": 1, "queues": []}')

    assert read_snapshots() == []


def test_read_live__redis_away__is_a_value(redis_away):
    assert read_live() == Live(False)


def test_rates__between_samples__survive_a_restart_of_a_node():
    samples = [
        Sample(0, {"a": [100, 0, 0, 0, 0]}),
        Sample(10, {"a": [110, 1, 5, 0, 0]}),
        Sample(20, {"a": [4, 0, 2, 0, 0], "b": [1000, 0, 0, 0, 0]}),
        Sample(30, {"a": [6, 0, 2, 0, 0], "b": [1003, 0, 0, 0, 0]}),
    ]

    rates = rates_of(samples, now=30)

    assert rates == Rates(accepted=38, refused=2, delivered=14, deferred=0, failed=0)
    assert rates_of(samples[:1], now=0) == Rates()


@pytest.mark.parametrize(
    ("live", "expected", "tone"),
    [
        (Live(False), 1, "idle"),
        (Live(True), 1, "bad"),
        (Live(True, (node(),)), 1, "good"),
        (Live(True, (node(),)), 2, "warn"),
        (Live(True, (node(open_relay=("A stranger may relay.",)),)), 1, "bad"),
        (Live(True, (node(certificates=(PresentedCertificate("c", "own", problem="It expired."),)),)), 1, "warn"),
        (Live(True, (node(certificates=(PresentedCertificate("c", "own"),)),)), 1, "good"),
        (Live(True, (node(is_accepting=False, why_not_accepting="The disk is full."),)), 1, "bad"),
    ],
)
def test_health__of_all_nodes__in_one_word(live, expected, tone):
    assert health_of(live, expected).tone == tone


@pytest.mark.django_db
def test_publish__nobody_watches__renders_nothing(live_redis):
    show(node("transport-1", queue()))

    assert publish_regions() == 0


@pytest.mark.django_db
def test_publish__watched__sends_only_what_changed(live_redis):
    subscription = redis_client().pubsub(ignore_subscribe_messages=True)
    subscription.subscribe(CHANNEL)
    show(node("transport-1", queue()))

    def heard() -> list[str]:
        redis_client().delete("mailconsole:lease:live")
        publish._last.rendered_at.clear()  # every region is due again
        publish_regions()
        names = []
        while message := subscription.get_message(timeout=0.2):
            names.append(json.loads(message["data"]).get("region", "tick"))
        return names

    subscription.get_message(timeout=0.2)
    first, second = heard(), heard()
    show(node("transport-1", queue(message_count=7)))
    third = heard()
    subscription.close()

    assert {"queues", "nodes", "traffic-cards", "tick"} <= set(first)
    assert second == ["tick"]
    assert "queues" in third


@pytest.mark.django_db
def test_publish__another_process_holds_the_lease__leaves_it_to_it(live_redis):
    redis_client().set("mailconsole:lease:live", "1")
    redis_client().pubsub().subscribe(CHANNEL)

    assert publish_regions() == 0


def test_publish__redis_away__is_no_error(redis_away):
    assert publish_regions() == 0


def test_region_state__patch__holds_what_changed_since():
    state = RegionState()
    state.take([("a", "1"), ("b", "1")])
    state.take([("b", "2"), ("a", "1"), ("c", "1")])

    patch = json.loads(state.patch_since(1, "x").split("data: ")[1])

    assert patch == {"region": "x", "order": ["b", "a", "c"], "pieces": {"b": "2", "c": "1"}}
    assert set(json.loads(state.patch_since(0, "x").split("data: ")[1])["pieces"]) == {"a", "b", "c"}


async def region(stream) -> dict:
    """The next region that a browser is sent."""
    async for text in stream:
        for part in text.split("\n\n"):
            if part.startswith("event: region"):
                return json.loads(part.split("data: ")[1])
    raise AssertionError("the stream ended")


def say(html: str) -> None:
    redis_client().publish(CHANNEL, json.dumps({"region": "queues", "pieces": [["k", html]]}))


async def subscribed() -> int:
    """How many subscriptions there are, once there is one."""
    for _ in range(200):
        if dict(redis_client().pubsub_numsub(CHANNEL))[CHANNEL.encode()]:
            break
        await asyncio.sleep(0.02)
    return dict(redis_client().pubsub_numsub(CHANNEL))[CHANNEL.encode()]


async def test_hub__two_browsers__share_one_subscription(live_redis):
    hub = Hub()
    waiting = [asyncio.create_task(region(hub.stream(["queues"], lifetime_s=10))) for _ in range(2)]
    assert await subscribed() == 1
    say("<tr></tr>")

    for patch in await asyncio.wait_for(asyncio.gather(*waiting), 5):
        assert patch["pieces"] == {"k": "<tr></tr>"}
    hub.close()


async def test_hub__browser_goes_to_the_next_page__misses_nothing(live_redis):
    hub = Hub()
    first = asyncio.create_task(region(hub.stream(["queues"], lifetime_s=10)))
    assert await subscribed() == 1
    say("first page")
    await asyncio.wait_for(first, 5)
    say("between the pages")
    await asyncio.sleep(0.1)

    stream = hub.stream(["queues"], lifetime_s=10)
    while (await asyncio.wait_for(region(stream), 1))["pieces"] != {"k": "between the pages"}:
        pass
    say("second page")

    assert (await asyncio.wait_for(region(stream), 1))["pieces"] == {"k": "second page"}
    hub.close()


async def test_hub__closed__ends_its_streams(live_redis):
    hub = Hub()
    stream = hub.stream(["queues"], lifetime_s=10)
    assert await anext(stream) == "retry: 2000\n\n"
    assert "is_live" in await anext(stream)
    asyncio.get_running_loop().call_later(0.05, hub.close)

    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(stream), 2)


@pytest.mark.django_db
def test_poll__regions__as_json_for_browsers_without_events(live_redis):
    show(node("transport-1", queue("partner.example")))

    answer = signed_in(create_viewer()).get("/live/poll", {"regions": "queues,nonsense"}).json()

    assert answer["is_live"] is True
    assert [one["region"] for one in answer["regions"]] == ["queues"]
    assert "partner.example" in answer["regions"][0]["pieces"]["DnsConnectorDelivery/internet/partner.example"]


@pytest.mark.django_db
def test_pages__redis_away__say_so_instead_of_failing(redis_away):
    client = signed_in(create_viewer())

    for url in ("/", "/queues/"):
        page = client.get(url)
        assert page.status_code == 200
        assert "Redis doesn" in page.content.decode()
    assert client.get("/live/poll", {"regions": "queues"}).json()["is_live"] is False
