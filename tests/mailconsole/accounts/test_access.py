import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.db import connections
from django.test import AsyncRequestFactory

from mailconsole.accounts.access import RoleRequired, require_role, user_has_role
from mailconsole.accounts.roles import Role
from tests.support.factories import create_administrator, create_editor, create_person, create_reviewer


@pytest.mark.django_db
def test_roles__implied__viewer_by_all_and_everything_by_the_administrator():
    assert all(user_has_role(create_administrator(), role) for role in Role)
    assert user_has_role(create_editor(), Role.VIEWER)
    assert not user_has_role(create_editor(), Role.REVIEWER)
    assert not user_has_role(create_reviewer(), Role.EDITOR)
    assert not user_has_role(create_person(), Role.VIEWER)
    assert not user_has_role(AnonymousUser(), Role.VIEWER)


def test_roles__each__has_a_sentence():
    assert all(role.sentence.endswith(".") for role in Role)


@pytest.mark.django_db(transaction=True)
def test_require_role__asynchronous_view__asks_too():
    @require_role(Role.EDITOR)
    async def view(request):
        return "done"

    def call(person):
        async def current():
            return person

        request = AsyncRequestFactory().get("/")
        request.auser = current
        return asyncio.run(view(request))

    try:
        assert call(create_editor()) == "done"
        with pytest.raises(RoleRequired, match="Editor"):
            call(create_reviewer())
    finally:
        asyncio.run(sync_to_async(connections.close_all)())  # those of the thread that asked
