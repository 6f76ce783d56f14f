"""People on pages: by their full name, the user name on hover, wherever a row keeps only that."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from tests.support.factories import create_editor

pytestmark = pytest.mark.django_db


def shown(person, request=None):
    return Template("{% load people %}{% who person 'Mailconsole' %}").render(
        Context({"person": person, "request": request})
    )


def test_who__a_person_and_their_user_name__are_told_alike():
    erin = create_editor(username="erin", full_name="Erin Ed")
    assert shown("erin") == shown(erin) == '<span class="mc-who" title="erin">Erin Ed</span>'


def test_who__no_person_of_ours__stays_as_it_is():
    create_editor(username="erin", full_name="")
    assert [shown("erin"), shown("system"), shown(None)] == ["erin", "system", "Mailconsole"]
    assert shown("<b>") == "&lt;b&gt;"


def test_who__many_rows_of_a_page__ask_the_database_once(django_assert_num_queries):
    create_editor(username="erin", full_name="Erin <i>")
    request = RequestFactory().get("/")
    with django_assert_num_queries(1):
        assert all("Erin &lt;i&gt;" in shown("erin", request) for _ in range(5))
