"""From “published” to “running on every node”: how long, and what becomes of a session in the middle of a message.

    .venv/bin/python bench/publish.py [--times 10]

Starts the product, publishes one more blocked address several times, and reads from the database when each node
reported that it runs the revision. Over each publish a session is held open that began under the revision before: its
message has to be taken.
"""

import argparse
import os
import smtplib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from run import Product, Sink

CONSOLE = Path(__file__).resolve().parent.parent / "console"
TARGET_S = 2.0
WAIT_S = 30.0
_DELAYS = """
    SELECT r.number, r.created_at, a.at, a.state FROM changes_revision r
    JOIN nodes_activation a ON a.revision = r.number WHERE r.number = ?
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=10)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mailconsole-publish-") as name:
        folder = Path(name)
        sink = Sink(folder)
        product = Product(folder, sink.port)
        try:
            product.start()
            slowest = [publish(folder, product.port, number) for number in range(said.times)]
        finally:
            product.stop()
            sink.stop()
    print(
        f"published to running on every node: median {statistics.median(slowest):.2f} s, slowest {max(slowest):.2f} s"
    )
    print(f"{said.times} sessions that were in the middle of a message: each had it taken")
    if max(slowest) > TARGET_S:
        sys.exit(f"The slowest took longer than {TARGET_S} s.")


def publish(folder: Path, port: int, number: int) -> float:
    """Seconds until the last node said that it runs the new revision."""
    file = folder / "more.yaml"
    file.write_text(f"ip_block_list:\n- network: 203.0.113.{number + 1}\n", encoding="utf-8")
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as session:
        session.ehlo()
        session.mail("a@sender.example")
        session.rcpt("b@recipient.example")
        environment = {**os.environ, "MAILCONSOLE_HOME": str(folder / "home")}
        command = [str(CONSOLE), "config", "apply", str(file), "--publish"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        found = activations(folder)
        code, answer = session.data(b"Subject: in the middle\r\n\r\nHello\r\n")
        if code != 250:
            raise SystemExit(f"A session in progress was refused: {code} {answer.decode(errors='replace')}")
    print(f"revision {found[0][0]}: {', '.join(f'{delay:.2f} s' for _, delay in found)}", flush=True)
    return max(delay for _, delay in found)


def activations(folder: Path) -> list[tuple[int, float]]:
    """The newest revision and, for each node that runs, how long it took."""
    end = time.monotonic() + WAIT_S
    file = folder / "home" / "console.sqlite3"
    with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True) as database:
        nodes = database.execute("SELECT count(*) FROM nodes_node").fetchone()[0]
        newest = database.execute("SELECT max(number) FROM changes_revision").fetchone()[0]
        while time.monotonic() < end:
            rows = database.execute(_DELAYS, (newest,)).fetchall()
            if len([row for row in rows if row[3] == "active"]) == nodes:
                return [(number, (moment(at) - moment(created)).total_seconds()) for number, created, at, _ in rows]
            time.sleep(0.05)
    raise SystemExit(f"Not every node runs revision {newest} after {WAIT_S} s.")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    main()
