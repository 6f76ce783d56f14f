"""Beat wakes when something is due, and is not busy before."""

import time

from celery import Celery

from mailconsole.celery import app as ours
from mailconsole.runtime.punctual import PunctualScheduler


def test_beat__uses_the_punctual_scheduler():
    assert ours.conf.beat_scheduler == f"{PunctualScheduler.__module__}:{PunctualScheduler.__name__}"


def test_beat__between_two_ticks__looks_at_its_clock_once(tmp_path, monkeypatch):
    app = Celery("test", broker="memory://", set_as_current=False)
    app.conf.update(timezone="UTC", beat_schedule={"live": {"task": "live", "schedule": 0.1}})
    sent = []
    monkeypatch.setattr(PunctualScheduler, "apply_entry", lambda self, entry, producer=None: sent.append(entry.name))
    scheduler = PunctualScheduler(app, schedule_filename=str(tmp_path / "schedule"))
    looks, until = 0, time.monotonic() + 1.05
    while time.monotonic() < until:
        time.sleep(max(scheduler.tick(), 0))
        looks += 1
    scheduler.close()
    assert 8 <= len(sent) <= 10 and looks <= 3 * len(sent)
