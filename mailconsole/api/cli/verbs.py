"""All verbs of `config` about changes: what the pages and the API do, in a person's name, without HTTP."""

from __future__ import annotations

from typing import Any

from mailconsole.api.cli import acts, conflicts, items, show, times


def add_verbs(verbs: Any) -> None:
    show.add_changes(verbs)
    show.add_show(verbs)
    items.add_open(verbs)
    conflicts.add_conflicts(verbs)
    for verb in (*items.VERBS, *acts.VERBS, *times.VERBS, *conflicts.VERBS):
        verb.add(verbs)
    show.add_nodes(verbs)
