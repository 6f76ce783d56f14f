import io
import json

import pytest
from django.core.management import call_command

from mailconsole.accounts.models import User
from tests.support.factories import create_administrator

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("create_first_administrator", *arguments, stdout=out)
    return out.getvalue()


def test_command__nobody_there__makes_one_whose_password_works():
    said = json.loads(run("--json"))
    assert said["is_created"]
    person = User.objects.get(username=said["username"])
    assert person.check_password(said["password"])
    assert person.is_administrator


def test_command__run_again__makes_nobody_and_shows_nothing():
    run("--json")
    assert json.loads(run("--json")) == {"is_created": False}
    assert User.objects.count() == 1


def test_command__an_administrator_there__leaves_it():
    create_administrator()
    assert "already" in run()
