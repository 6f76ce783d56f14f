"""`./console`: what it says before anything is installed, and how it makes, mends and keeps its environment."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

CONSOLE = Path(__file__).resolve().parents[1] / "console"
NO_NETWORK = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}


@pytest.fixture
def clone(tmp_path) -> Path:
    """A checkout with nothing but `console` and locks that ask for nothing."""
    shutil.copy(CONSOLE, tmp_path / "console")
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text("# nothing\n")
    (tmp_path / "manage.py").write_text("import sys\nprint('managed', *sys.argv[1:])\n")
    return tmp_path


@pytest.fixture(autouse=True)
def no_extras(monkeypatch):
    monkeypatch.delenv("MAILCONSOLE_EXTRAS", raising=False)


@pytest.fixture
def module(clone) -> ModuleType:
    """The file as a module, so that its environment is one of the test's making."""
    loader = SourceFileLoader("console_of_test", str(clone / "console"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    made = module_from_spec(spec)
    loader.exec_module(made)
    return made


@pytest.fixture
def environment(clone) -> Path:
    """A .venv as it is once made: this interpreter, the stamp of the lock."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return clone / ".venv"


def console(clone: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment: Mapping[str, str] = {**os.environ, **settings}
    return subprocess.run(
        [sys.executable, clone / "console", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_console__no_argument_or_help__lists_the_commands_and_makes_nothing(clone):
    for arguments in ([], ["help"], ["--help"]):
        done = console(clone, *arguments)
        assert done.returncode == 0
        assert "./console up [--detach]" in done.stdout
    assert not (clone / ".venv").exists()


def test_console__old_python__says_which_it_needs(module, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 2))
    assert module.main(["up"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_console__environment_is_there__hands_over_at_once(clone, module, environment):
    (environment / "console-lock").write_text(module.digest("run"))
    done = console(clone, "config", "export", "--help")
    assert (done.returncode, done.stdout) == (0, "managed config export --help\n")


def test_console__developers_environment__serves_every_command(clone, module, environment):
    (environment / "console-lock").write_text(module.digest("dev"))
    assert console(clone, "status").stdout == "managed status\n"


def test_console__command_that_names_files__sees_them_from_where_one_stands(
    clone, module, environment, tmp_path_factory, monkeypatch
):
    (environment / "console-lock").write_text(module.digest("run"))
    (clone / "manage.py").write_text("import os\nprint(os.getcwd())\n")
    there = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(there)
    assert console(clone, "config", "export", "x.yaml").stdout == f"{there}\n"
    assert console(clone, "status").stdout == f"{clone}\n"


def test_console__lock_has_changed__makes_it_anew(clone, module, environment):
    (environment / "console-lock").write_text(module.digest("run"))
    (clone / "requirements.lock").write_text("# something else\n")
    assert not module.is_ready("run")


def test_extras__asked_for_once__are_compiled_and_stay_when_the_lock_changes(module, clone, environment, monkeypatch):
    done: list[str] = []
    monkeypatch.setattr(module, "run", lambda command, settings=None: done.append(" ".join(map(str, command))))
    monkeypatch.setattr(module, "where_from", dict)
    (environment / "console-lock").write_text(module.digest("run"))
    assert module.is_ready("run")
    monkeypatch.setenv("MAILCONSOLE_EXTRAS", "kerberos")
    assert not module.is_ready("run")
    module.build("run")
    assert done[-1].endswith(module.EXTRAS["kerberos"])
    monkeypatch.delenv("MAILCONSOLE_EXTRAS")
    assert module.is_ready("run")
    (clone / "requirements.lock").write_text("# something else\n")
    assert not module.is_ready("run")
    done.clear()
    module.build("run")
    assert (done[-1].endswith(module.EXTRAS["kerberos"]), module.is_ready("run")) == (True, True)


def test_extras__none_of_this_name_or_no_compiler__is_said(module, environment, monkeypatch):
    monkeypatch.setenv("MAILCONSOLE_EXTRAS", "kerbros")
    assert module.prepare("run") == "MAILCONSOLE_EXTRAS: there is no 'kerbros', only kerberos."
    said = module.explain("Failed to build gssapi\n/bin/sh: krb5-config: not found")
    assert said.startswith("Kerberos can't be compiled; on Debian: apt install gcc python3-dev libkrb5-dev krb5-user.")


def test_extras__are_what_pyproject_calls_optional(module):
    project = tomllib.loads((CONSOLE.parent / "pyproject.toml").read_text())["project"]
    assert {name: needed[0] for name, needed in project["optional-dependencies"].items()} == module.EXTRAS


def test_prepare__developers_environment__stays_one(module, environment, monkeypatch):
    (environment / "bin" / "pytest").write_text("")
    built: list[str] = []
    monkeypatch.setattr(module, "build", built.append)
    assert module.prepare("run") == ""
    assert built == ["dev"]


def test_console__no_network__says_so_and_what_the_installer_said(clone):
    done = console(clone, "status", **NO_NETWORK, PIP_FIND_LINKS="")
    assert done.returncode == 1
    assert "the packages can't be fetched: is there a network, and does pip know its proxy or mirror?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (clone / ".venv" / "console-lock").exists()


def test_prepare__venv_missing__says_how_to_have_it(module, monkeypatch):
    def without_ensurepip(command, environment=None):
        raise module.Failed("The virtual environment was not created successfully because ensurepip is not available.")

    monkeypatch.setattr(module, "run", without_ensurepip)
    assert module.prepare("run") == "Python's venv module is missing; on Debian: apt install python3-venv."


def python_on_path(module, monkeypatch, name: str) -> str:
    """What `./console` makes its environment with where a Python called `name` runs it."""
    monkeypatch.setattr(sys, "orig_argv", [f"/opt/made-by-hand/bin/{name}", "console", "up"])
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    return module.interpreter()


def test_interpreter__none_was_named__is_the_systems(module, monkeypatch):
    monkeypatch.setattr(module, "SYSTEM_PYTHON", Path(sys.executable))
    monkeypatch.setattr(sys, "executable", "/opt/made-by-hand/bin/python3")
    assert python_on_path(module, monkeypatch, "python3") == str(module.SYSTEM_PYTHON)


def test_interpreter__one_was_named__is_that_one(module, monkeypatch):
    assert python_on_path(module, monkeypatch, "python3.13") == sys.executable


def test_interpreter__the_systems_is_too_old_or_has_no_venv__is_the_one_that_runs(module, clone, monkeypatch):
    poor = clone / "python3"
    poor.write_text("#!/bin/sh\nexit 1\n")
    poor.chmod(0o755)
    monkeypatch.setattr(module, "SYSTEM_PYTHON", poor)
    assert python_on_path(module, monkeypatch, "python3") == sys.executable


def test_interpreter__a_virtual_environment_runs_it__is_that_ones(module, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["python3", "console", "up"])
    monkeypatch.setattr(sys, "prefix", "/srv/environment")
    assert module.interpreter() == sys.executable


def test_prepare__folder_cannot_be_written__names_it(module, monkeypatch):
    def refuse(kind):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "build", refuse)
    assert module.prepare("run") == f"the environment in {module.VENV} can't be made: Permission denied."


def test_where_from__pips_settings__reach_uv(clone, module, environment, monkeypatch):
    settings = clone / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = https://mirror.example/packages\nextra-index-url =\n    https://a.example/\n    https://b.example/\n"
        "find-links = /wheels\ntimeout = 9\n"
    )
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_FIND_LINKS", "/nearer /wheels")
    found = module.where_from()
    assert found["UV_DEFAULT_INDEX"] == "https://mirror.example/packages"
    assert found["UV_INDEX"] == "https://a.example/ https://b.example/"
    assert found["UV_FIND_LINKS"] == "/nearer,/wheels"
