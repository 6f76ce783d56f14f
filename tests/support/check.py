"""`./console check`: every check, one line each; what failed is shown; ends non-zero when any did."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = (
    ("format", (BIN / "ruff", "format", "--check", "--quiet", ".")),
    ("lint", (BIN / "ruff", "check", "--quiet", ".")),
    ("types", (BIN / "mypy", "directory", "mailconsole", "transport", "tests", "bench", "manage.py")),
    ("layers", (BIN / "lint-imports",)),
    ("migrations", (BIN / "python", "manage.py", "makemigrations", "--check", "--dry-run")),
    ("django", (BIN / "python", "manage.py", "check", "--fail-level", "WARNING")),
)


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "MAILCONSOLE_HOME": home, "NO_COLOR": "1"}
        for name, command in CHECKS:
            began = time.monotonic()
            done = subprocess.run(
                [str(part) for part in command],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            word = "ok" if done.returncode == 0 else "FAILED"
            print(f"{name:<12}{word:<8}{time.monotonic() - began:6.1f} s", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
