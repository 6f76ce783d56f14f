#!/usr/bin/env python
"""Django's command line for the console; bad settings end in one sentence and exit code 2."""

import os
import sys

from mailconsole.environment import EnvironmentRefused


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailconsole.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EnvironmentRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
