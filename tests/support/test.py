"""`./console test`: all tests on SQLite, then those of the console again on PostgreSQL where it is at hand.

Arguments go to pytest; with arguments there is one run only.
"""

import os
import subprocess
import sys

from tests.support import needs, postgres

ON_POSTGRESQL = (
    "tests/mailconsole",
    "--ignore-glob=*/test_browser.py",
    "--ignore=tests/mailconsole/runtime/test_supervisor.py",
    "--ignore=tests/mailconsole/runtime/test_up_refusals.py",
)
"""Without what looks at pages in a browser, whose queries others ask, and what only starts the product and stops it."""


def main(arguments: list[str]) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILCONSOLE_S")}
    for name in ("REDIS_URL", "DATABASE_URL"):
        environment.pop(name, None)
    if arguments:
        return pytest(arguments, environment)
    result = 0
    if postgres.is_installed():
        print("The console's tests on PostgreSQL:", flush=True)
        with postgres.server() as url:
            result = pytest(["-x", *ON_POSTGRESQL], environment | {"DATABASE_URL": url})
        print("All tests on SQLite:", flush=True)
    result = pytest([], environment) or result
    if not postgres.is_installed():
        how = needs.NEEDS["postgresql"].how
        print(f"left out the console's tests on PostgreSQL. To have them: {how}", flush=True)
    return result


def pytest(arguments: list[str], environment: dict[str, str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
