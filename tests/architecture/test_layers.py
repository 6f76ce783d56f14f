"""The layers of pyproject.toml hold, and cover every package there is."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def contracts() -> dict[str, dict[str, list[str]]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"]: contract for contract in document["tool"]["importlinter"]["contracts"]}


def test_layers__whole_repository__are_kept():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_layers__every_console_app__stands_in_one():
    named = {name for layer in contracts()["The console's apps are layered"]["layers"] for name in layer.split()}
    apps = {path.parent.name for path in (ROOT / "mailconsole").glob("*/apps.py")}
    assert apps <= named, f"not in a layer: {sorted(apps - named)}"


def test_layers__every_console_app_but_runtime__is_kept_from_the_transport():
    contract = contracts()["The console's apps import of the transport only model, config and rules"]
    apps = {f"mailconsole.{path.parent.name}" for path in (ROOT / "mailconsole").glob("*/apps.py")}
    assert apps - {"mailconsole.runtime"} == set(contract["source_modules"])
