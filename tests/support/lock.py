"""`./console lock`: write requirements-dev.lock and requirements.lock anew from pyproject.toml, with hashes."""

import subprocess
import sys
from pathlib import Path

COMPILE = (
    str(Path(sys.executable).parent.parent / "installer" / "bin" / "uv"),
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--python-version",
    "3.11",
    "pyproject.toml",
)


def main() -> int:
    for more in (
        ("--group", "dev", "--output-file", "requirements-dev.lock"),
        ("--constraint", "requirements-dev.lock", "--output-file", "requirements.lock"),
    ):
        done = subprocess.run((*COMPILE, *more), stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            return done.returncode
    print("Wrote requirements.lock and requirements-dev.lock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
