"""What a directory of many users costs: a whole sync, changes, one look-up, and a swap while look-ups go on.

    .venv/bin/python bench/users.py --users 20000 [--changes 100] [--by-count]

The controller is `fake_controller.py` in a process of its own; everything else is the product: ldap3 over TLS, mapping,
the rows of the console in SQLite, the look-up file. What it found stands in `docs/performance-directory.md`.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
LOOK_UPS = 20_000


def serve(users: int, certificate: str, key: str, has_dirsync: bool, pipe: Any) -> None:
    from fake_controller import Directory, run

    directory = Directory(users)
    for n in range(users):
        directory.entry(n, False), directory.entry(n, True)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[int] = loop.create_future()
        server = asyncio.create_task(run(directory, certificate, key, ready, has_dirsync=has_dirsync))
        pipe.send(await ready)
        while (some := await loop.run_in_executor(None, pipe.recv)) is not None:
            directory.touch(some)
            pipe.send("touched")
        server.cancel()

    asyncio.run(main())


def controller(users: int, folder: Path, *, has_dirsync: bool = True) -> tuple[Any, int, str]:
    from tests.support.certificates import Authority

    issued = Authority(folder).issue("127.0.0.1")
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.get_context("spawn").Process(
        target=serve, args=(users, str(issued.chain), str(issued.key), has_dirsync, theirs), daemon=True
    ).start()
    return ours, ours.recv(), issued.ca.read_text()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Pauses(threading.Thread):
    """Looks one address up again and again; the longest of them is the pause that a swap made."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(daemon=True)
        self._folder, self._address = folder, address
        self.longest_s, self.count, self.is_over = 0.0, 0, False

    def run(self) -> None:
        from directory.snapshot import Snapshot

        snapshot = Snapshot.open(self._folder)
        while not self.is_over:
            began = time.perf_counter()
            assert snapshot.find(self._address)
            self.longest_s, self.count = max(self.longest_s, time.perf_counter() - began), self.count + 1
            time.sleep(0.0005)


def look_ups(folder: Path, users: int) -> dict[str, float]:
    from directory.snapshot import Snapshot
    from mailconsole.recipients.entries import entry_of

    snapshot = Snapshot.open(folder)
    took = []
    for n in range(LOOK_UPS):
        address = f"User{n * 7919 % users or 1:06}@ACME.example"
        began = time.perf_counter()
        found = snapshot.find(address)
        if found is not None:
            entry_of(found)
        took.append(time.perf_counter() - began)
    ordered = sorted(took)
    return {"median_us": statistics.median(took) * 1e6, "p99_us": ordered[int(len(ordered) * 0.99)] * 1e6}


def measure(users: int, changes: int, home: Path, *, has_dirsync: bool) -> dict[str, Any]:
    import django

    pipe, port, ca = controller(users, home, has_dirsync=has_dirsync)
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from mailconsole.recipients.models import DirectorySource
    from mailconsole.recipients.services.snapshot import snapshot_folder
    from mailconsole.recipients.services.sources import create_source
    from mailconsole.recipients.services.sync import sync_source

    call_command("migrate", verbosity=0)
    source = DirectorySource(name="Bench", servers=f"127.0.0.1:{port}", security="ldaps", ca_pem=ca,
                             base_dn="DC=bench,DC=example", bind_user="svc@bench.example", page_size=1000)  # fmt: skip
    create_source(source=source, password="x", actor=None, now=timezone.now())
    before_mib = peak_mib()

    def sync(*, is_whole: bool) -> dict[str, Any]:
        cpu, began = time.process_time(), time.perf_counter()
        run = sync_source(source=source, actor=None, now=timezone.now(), is_whole=is_whole)
        assert run.state == "succeeded", run.message
        return {
            "wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu, "controller_s": run.controller_s,
            "told_by": run.told_by, "added": run.added_count, "changed": run.changed_count, "peak_mib": peak_mib(),
        }  # fmt: skip

    result: dict[str, Any] = {"users": users, "peak_mib_before": before_mib, "whole_first": sync(is_whole=True)}
    result["whole_again"] = sync(is_whole=True)
    result["look_up"] = look_ups(snapshot_folder(), users)
    pauses = Pauses(snapshot_folder(), "user000001@acme.example")
    pauses.start()
    pipe.send([n * 13 % users for n in range(1, changes + 1)])
    pipe.recv()
    result["changes"] = sync(is_whole=False)
    time.sleep(1.5)  # the swap is seen within a second
    pauses.is_over = True
    pauses.join()
    result["look_ups_beside"] = {"count": pauses.count, "longest_ms": pauses.longest_s * 1000}
    result["no_changes"] = sync(is_whole=False)
    pipe.send(None)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--by-count", action="store_true", help="a controller without DirSync: changes by uSNChanged")
    parser.add_argument("--dir", default=None, help="where the home lies meanwhile")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.dir) as home:
        os.environ |= {"MAILCONSOLE_HOME": home, "DJANGO_SETTINGS_MODULE": "mailconsole.settings"}
        os.environ.pop("DATABASE_URL", None)
        print(json.dumps(measure(wanted.users, wanted.changes, Path(home), has_dirsync=not wanted.by_count), indent=1))


if __name__ == "__main__":
    main()
