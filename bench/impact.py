"""How soon the impact of a change is known: 100,000 recorded decisions replayed under two configurations.

    .venv/bin/python bench/impact.py [--decisions 100000] [--policies 200] [--blocked 1000] [--peers 20000]

Half are refused attempts of strangers, half recipients of accepted messages, in the console's SQLite file, written as
tracking writes them. Nothing else runs: what is measured is what the worker does, reading included.
"""

import argparse
import itertools
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--policies", type=int, default=200)
    parser.add_argument("--blocked", type=int, default=1000)
    parser.add_argument("--peers", type=int, default=20_000)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mailconsole-impact-") as home:
        os.environ |= {"MAILCONSOLE_HOME": home, "DJANGO_SETTINGS_MODULE": "mailconsole.settings"}
        measure(said)


def measure(said: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from mailconsole.changes.impact.replay import replay
    from mailconsole.tracking.services.decisions import recent_decisions

    call_command("migrate", verbosity=0)
    now = timezone.now()
    begun = time.monotonic()
    fill(said, now.timestamp())
    print(f"{said.decisions:,} decisions written in {time.monotonic() - begun:.1f} s", flush=True)
    before, after = documents(said)
    since = now - timedelta(days=7)
    cpu, begun = time.process_time(), time.monotonic()
    sample = recent_decisions(since=since, until=now, limit=said.decisions)
    report = replay(sample, before=before, after=after, since=since, now=now, tell=show(sample.expected))
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{report.how}")
    print(f"{report.sample:,} decided again, {report.distinct:,} of them different questions, {report.count:,} differ")
    print(f"{took:.2f} s, {cpu:.2f} s of one core, {report.sample / took:,.0f} a second; peak memory {peak_mb} MB")
    if report.sample < said.decisions * 0.99 or not report.count:
        sys.exit("The replay did not see what was written.")


def show(expected: int) -> Callable[[int], None]:
    """A bar on standard error."""

    def tell(done: int) -> None:
        print(f"\r{done:>9,} of {expected:,}", end="", file=sys.stderr, flush=True)

    return tell


def fill(said: argparse.Namespace, now: float) -> None:
    from mailconsole.tracking.services.ingest import ingest_events
    from transport.model.event import EventId, TrackingEvent

    chance = random.Random(7)
    sequence, batch = itertools.count(1), []
    for number in range(said.decisions):
        fields: dict[str, Any] = {
            "at": now - 3600 - chance.random() * 6 * 86400,
            "sender": f"user{chance.randrange(5000)}@sender{chance.randrange(2000)}.example",
            "recipient": f"r{chance.randrange(20000)}@"
            + chance.choice(("contoso.com", f"d{chance.randrange(5000)}.example")),
            "peer": f"10.{chance.randrange(256)}.{number % said.peers // 256 % 256}.{number % 256}",
            "connector_id": "default",
            "session_id": f"S{number}",
            "size_bytes": chance.choice((0, 2_000, 50_000, 40_000_000)),
            "revision": 1,
        }
        detail: dict[str, Any] = {
            "helo": "client.example",
            "identity": "",
            "tls": chance.choice(("", "TLSv1.3")),
            "binding": "smtp",
        }
        if number % 2:
            fields |= {"reply": "550 5.7.1 Unable to relay"}
            detail |= {"stage": "rcpt", "action": "refuse", "trail": []}
            event = TrackingEvent(EventId.REFUSE, detail=detail, **fields)
        else:
            detail |= {"recipients": [fields.pop("recipient")], "internet_message_id": f"<{number}@x>", "subject": "x"}
            event = TrackingEvent(EventId.RECEIVE, message_id=number + 1, detail=detail, **fields)
        batch.append((next(sequence), event.to_json()))
        if len(batch) == 2000:
            ingest_events(node="bench-1", events=batch)
            batch = []
    ingest_events(node="bench-1", events=batch)


def documents(said: argparse.Namespace) -> tuple[Any, Any]:
    from transport.config.document import MailFlow, initial_document

    base = initial_document().model_dump(mode="json")
    policies = [
        {"id": f"p{n}", "name": f"Policy {n}", "networks": [f"10.{n % 256}.0.0/16"], "owner": "a", "purpose": "b",
         "sender_addresses": [f"*.sender{n}.example", "contoso.com"] if n % 3 else []}
        for n in range(said.policies)
    ]  # fmt: skip
    base |= {
        "accepted_domains": [{"id": "contoso", "name": "Contoso", "domain": "contoso.com"}],
        "relay_policies": policies,
        "ip_block_list": [{"network": f"172.16.{n // 256 % 256}.{n % 256}"} for n in range(said.blocked)],
        "send_connectors": [{"id": "internet", "name": "Internet", "address_spaces": [{"domain": "*"}]}],
    }
    partner = {"id": "partner", "name": "Partner", "address_spaces": [{"domain": "d7.example"}]}
    more = {"id": "extra", "name": "Extra", "networks": ["10.7.0.0/16"], "owner": "a", "purpose": "b"}
    changed = base | {
        "relay_policies": [*policies, more],
        "send_connectors": [*base["send_connectors"], partner],
        "ip_block_list": [*base["ip_block_list"], {"network": "10.9.0.0/16"}],
    }
    return MailFlow.model_validate(base), MailFlow.model_validate(changed)


if __name__ == "__main__":
    main()
