"""A node that ran what was not published: kept in the audit, for what it did under it can't be undone."""

from __future__ import annotations

from django.db import transaction

from mailconsole.audit import services as audit


@transaction.atomic
def report_drift(*, node: str, revision: int, digest: str) -> None:
    """Say what the node found at its start; the console's revision replaces it at once where it can be run."""
    audit.record(
        actor=None,
        action="node.drifted",
        object_kind="node",
        object_id=node,
        summary=f"{node} started with a file that is not revision {revision} as it was published, and takes that now",
        after={"revision": revision, "digest": digest},
    )
