"""What clients sent under a relay policy with a rate: by the minute, over a restart too, told in the refusal."""

from tests.support.transport import Transport, document
from transport.config.objects import RelayPolicy
from transport.listener.relay_usage import RelayUsage, write
from transport.model.event import EventId

BODY = b"Subject: s\r\n\r\nx\r\n"
T = 1_800_000_000.0


def policy(**fields):
    base = {"id": "p", "name": "Scanners", "networks": ("127.0.0.1",), "owner": "IT", "purpose": "scan"}
    return RelayPolicy(**(base | fields))


def test_count__slides_by_the_minute_within_hour_and_day():
    usage = RelayUsage()
    for minute in (0, 1, 30):
        usage.add("p", "c", T + minute * 60)
    assert usage.count("p", "c", T + 30 * 60) == (3, 3)
    assert usage.count("p", "c", T + 60 * 60) == (2, 3)
    assert usage.count("p", "c", T + 91 * 60) == (0, 3)
    assert usage.count("p", "c", T + 24 * 3600) == (0, 2)
    assert usage.count("p", "c", T + 25 * 3600) == (0, 0)
    assert usage.count("p", "other", T) == (0, 0) == usage.count("q", "c", T)


def test_snapshot__reads_back_without_what_is_older_than_a_day(tmp_path):
    usage, again = RelayUsage(), RelayUsage()
    usage.add("p", "old", T - 90_000)
    usage.add("p", "c", T)
    write(tmp_path / "usage.json", usage.snapshot(T))
    again.load(tmp_path / "usage.json")
    assert again.count("p", "c", T) == (1, 1) and again.count("p", "old", T - 90_000) == (0, 0)


def test_rate__is_held_over_a_restart_and_told(tmp_path, sink):
    config = document(sink, relay_policies=(policy(max_messages_per_hour=2),))
    with Transport(tmp_path, config) as relay:
        assert relay.send("a@x.example", ["b@out.example", "c@out.example"], BODY).is_accepted
        assert relay.send("a@x.example", ["user@acme.example"], BODY).is_accepted
        assert relay.send("a@x.example", ["b@out.example"], BODY).is_accepted
    with Transport(tmp_path, config) as relay:
        sent = relay.send("a@x.example", ["b@out.example"], BODY)
        assert str(sent.last) == "451 4.7.1 Too many messages for this relay, try again later"
        assert relay.send("a@x.example", ["user@acme.example"], BODY).is_accepted
        refusal = next(e for e in relay.events() if e.event is EventId.REFUSE)
    told = "127.0.0.1 sent 2 messages within an hour; the limit is 2."
    assert any(told in step[4] for step in refusal.detail["trail"])


def test_rate__damaged_file__is_begun_anew(tmp_path, sink):
    (tmp_path / "nodes" / "transport-1").mkdir(parents=True)
    (tmp_path / "nodes" / "transport-1" / "relay-usage.json").write_text("[[1")
    with Transport(tmp_path, document(sink, relay_policies=(policy(max_messages_per_day=1),))) as relay:
        assert relay.send("a@x.example", ["b@out.example"], BODY).is_accepted
        assert not relay.send("a@x.example", ["b@out.example"], BODY).is_accepted
