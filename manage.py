#!/usr/bin/env python
"""Django's command line for the console; bad settings end in one sentence and exit code 2."""

import os
import sys

from mailconsole.environment import EnvironmentRefused


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailconsole.settings")
    from django.core.management import CommandError, execute_from_command_line

    CommandError.__name__ = "console"  # Django begins what a command refuses with the class's name
    try:
        # What a command says of its use begins with what people typed: ./console hands over to this file.
        execute_from_command_line(["console", *sys.argv[1:]])
    except EnvironmentRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
