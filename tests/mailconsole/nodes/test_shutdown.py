"""TERM ends the streams first, then does what the server wants."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, signal
from mailconsole.nodes.live.shutdown import on_shutdown
signal.signal(signal.SIGTERM, lambda *_: print("server"))
on_shutdown(lambda: print("stream"))
on_shutdown(lambda: print("another stream"))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_on_shutdown__term__reaches_every_stream_and_then_the_server():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.split("\n")[:3] == ["stream", "another stream", "server"]
