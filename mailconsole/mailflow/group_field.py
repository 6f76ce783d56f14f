"""Who approves, picked from what is there: a rule's reviewer groups, each with who is in it; a group's people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html

from mailconsole.accounts.models import User
from mailconsole.changes.services.group_members import members_of, reviewers
from mailconsole.mailflow.kinds.kind import some
from transport.config.document import MailFlow

NONE_THERE = "There is no reviewer group yet, so that any reviewer is asked. <a href='{}'>Add one</a>, then choose it."


class ReviewerGroupsField(forms.MultipleChoiceField):
    """One that the rule names and that is not there is shown, so that it can be taken away; it can't be chosen anew."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages = {"invalid_choice": "There is no reviewer group “%(value)s”: choose of those listed."}

    def knows(self, document: MailFlow, chosen: Sequence[str]) -> None:
        """Which groups may be chosen; ``chosen`` are those that the rule names already."""
        groups = document.reviewer_groups
        members = members_of(groups)
        there = [(one.id, f"{one.name}: {some(members[one.id]) or 'nobody who may review'}") for one in groups]
        ids = {one.id for one in groups}
        self.choices = [*there, *((one, f"{one} (not there)") for one in chosen if one not in ids)]
        if not groups:
            self.help_text = format_html(NONE_THERE, reverse("mailflow:reviewer-group-create"))

    def __init__(self, **words: Any) -> None:
        super().__init__(**words | {"required": False})


class ReviewersField(forms.MultipleChoiceField):
    """Who is named and may not review any more is shown, so that they can be taken away; they can't be chosen anew."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages = {"invalid_choice": "There is no reviewer “%(value)s”: choose of those listed."}

    def knows(self, document: MailFlow, chosen: Sequence[str]) -> None:
        """Which people may be chosen; ``chosen`` are those that the group names already."""
        spelt = {one.casefold(): one for one in chosen}  # the document's own way to write a user name stays
        there = {spelt.get(one.username.casefold(), one.username): _told(one) for one in reviewers()}
        self.choices = [*there.items(), *((one, f"{one} (may not review)") for one in chosen if one not in there)]

    def __init__(self, **words: Any) -> None:
        super().__init__(**words | {"required": False})


def _told(person: User) -> str:
    return f"{person.full_name} ({person.username})" if person.full_name else person.username
