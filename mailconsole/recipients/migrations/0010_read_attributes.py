"""Attributes that rules ask about are read too: each directory is read once more as a whole."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def read_whole(apps: Any, editor: Any) -> None:
    apps.get_model("recipients", "DirectorySource").objects.update(positions={}, cookies={})


class Migration(migrations.Migration):
    dependencies = [("recipients", "0009_auditor")]
    operations = [migrations.RunPython(read_whole, migrations.RunPython.noop)]
