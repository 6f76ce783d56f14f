"""What *Keep the configuration in Git* tells people to run, run as it stands there: pages' pipeline and commands."""

import html
import json
import os
import re
import subprocess
import sys

import yaml

from tests.support.product import ROOT, Product

HELP = (ROOT / "templates/help/keep-it-in-git.html").read_text()
PIPELINE = yaml.safe_load((ROOT / "templates/help/_ci_example.yml").read_text())
POLICY = """
- name: Scanners
  networks: [10.1.0.0/16]
  owner: Facilities
  purpose: Scan to mail
"""
PEOPLE = """
from django.utils import timezone
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.tokens import create_token
from tests.support.factories import create_person
create_person(Role.REVIEWER, username="rudi")
ci = create_person(Role.EDITOR, username="ci")
for scope in (Role.VIEWER, Role.EDITOR):
    made = create_token(owner=ci, name=scope.value, scopes=[scope], now=timezone.now(), expires_at=None)
    print("TOKEN", made.text)
"""


class Shell:
    """A checkout with `console` in it, and the variables that a pipeline has."""

    def __init__(self, product: Product, folder) -> None:
        self._folder = folder
        (folder / "console").symlink_to(ROOT / "console")
        made = subprocess.run([sys.executable, "manage.py", "shell", "-c", PEOPLE], cwd=ROOT, env=product.environment,
                              capture_output=True, text=True, check=True)  # fmt: skip
        viewer, editor = re.findall(r"TOKEN (\S+)", made.stdout)
        self._variables = product.environment | {
            "URL": product.url, "VIEWER_TOKEN": viewer, "EDITOR_TOKEN": editor, "CI_COMMIT_TITLE": "Let scanners relay",
            "CI_COMMIT_SHORT_SHA": "1ecd3a", "PATH": os.environ["PATH"],
        }  # fmt: skip

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self._folder, env=self._variables,
                              capture_output=True, text=True, check=False)  # fmt: skip

    def job(self, name: str) -> subprocess.CompletedProcess[str]:
        return self.run("\n".join(PIPELINE[name]["script"]))


def block(name: str) -> str:
    (found,) = re.findall(rf'<pre data-run="{name}">(.*?)</pre>', HELP, re.DOTALL)
    return html.unescape(found)


def test_documented_pipeline_and_commands__lead_from_a_file_to_every_node(product: Product, tmp_path):
    shell = Shell(product, tmp_path)
    assert shell.run(block("begin")).returncode == 0
    file = tmp_path / "mail-flow.yaml"
    before = file.read_text()
    file.write_text(before.replace("relay_policies: []", f"relay_policies:{POLICY.rstrip()}"))
    planned = shell.job("plan")
    assert planned.returncode == 0 and "Scanners* is new" in planned.stdout, planned
    assert shell.run(block("check")).returncode == 0
    assert shell.job("change").returncode == 0
    change = json.loads((tmp_path / "change.json").read_text())["change"]
    assert (change["state"], change["title"], change["ticket"]) == ("in_review", "Let scanners relay", "1ecd3a")
    done = shell.run(f"{block('apply')}\n{block('publish')}")
    assert done.returncode == 0, done
    assert json.loads((tmp_path / "change.json").read_text())["change"] == change["id"]
    assert "as published" in done.stdout
    assert shell.job("change").returncode == 0
    assert json.loads((tmp_path / "change.json").read_text()) == {"outcome": "unchanged", "change": None}
    file.write_text(file.read_text().replace("10.1.0.0/16", "0.0.0.0/0"))
    refused = shell.job("plan")
    assert refused.returncode == 22 and "so broad" in refused.stdout
