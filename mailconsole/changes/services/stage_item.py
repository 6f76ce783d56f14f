"""Put one object, new, changed or deleted, into a draft. Nothing of it is in effect before it is published."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from pydantic import ValidationError

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.refusals import InvalidObject, NoSuchObject, SecretNotStored
from mailconsole.changes.services.ground import go, locked, note, require, require_author, require_reach, void_reviews
from mailconsole.changes.services.open_change import UNTITLED
from mailconsole.changes.services.plan import draft_document
from mailconsole.changes.services.revisions import load_document
from mailconsole.changes.states import Arrow
from mailconsole.common.secrets import has_secret, is_for_documents, store_secret
from transport.config.diff import ORGANIZATION, Json, ObjectChange, as_json, model_of, name_of, objects_of
from transport.config.document import OBJECT_KINDS, SECTIONS, MailFlow, identity
from transport.config.explain import Misfit, explain
from transport.config.text import slug
from transport.config.words import KIND_LABELS, in_words, label_inside, plain
from transport.rules import passwords

ACCOUNTS = "service_accounts"


@transaction.atomic
def stage_item(
    *,
    change: Change,
    actor: User,
    kind: str,
    object_id: str,
    after: Json | None,
    now: datetime,
    request: HttpRequest | None = None,
) -> str:
    """Stage `after` for the object, None to delete it, an empty `object_id` to make one; return its identity.

    Raises NotAllowed, NotYourChange, WrongState, InvalidObject, NoSuchObject, SecretNotStored.
    """
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    go(change, Arrow.EDIT, now=now)
    draft = draft_document(change)
    _check_there(draft, kind, object_id, is_deletion=after is None)
    staged = _staged_object(draft, kind, object_id, after) if after is not None else None
    new_id = identity(kind, staged) if staged is not None else object_id
    base = load_document(change.base)
    there = objects_of(draft, kind).get(object_id)
    value = as_json(staged) if staged is not None else None
    require_reach(actor, Role.EDITOR, [ObjectChange(kind, new_id, as_json(there) if there else None, value)])
    if object_id and new_id != object_id:
        _keep(change, base, kind, object_id, None, now)
    told = _keep(change, base, kind, new_id, value, now)
    void_reviews(change)
    _name_after(change, told)
    # What was new in this draft only and is deleted in it was never there and is not: there is nothing to say of it.
    words = plain(in_words([told], draft)) if told.before != told.after else ""
    words = words or f"{KIND_LABELS[kind]} {told.name} is as it was."
    note(actor, Arrow.EDIT.past, change, words, now=now, request=request, before=told.before, after=told.after)
    return new_id


def _check_there(draft: MailFlow, kind: str, object_id: str, *, is_deletion: bool) -> None:
    if kind not in SECTIONS:
        raise NoSuchObject(f"There is no section '{kind[:40]}' in the configuration.")
    if kind == ORGANIZATION and is_deletion:
        raise InvalidObject({"": ["There is one organisation: change it, it can't be deleted."]})
    if object_id and object_id not in objects_of(draft, kind):
        raise NoSuchObject(f"There is no {label_inside(kind)} '{object_id[:64]}' in this draft.")


def _staged_object(draft: MailFlow, kind: str, object_id: str, after: Json) -> Any:
    """The object read by its model. Raises InvalidObject, SecretNotStored."""
    if kind == ORGANIZATION and not object_id:
        raise InvalidObject({"": ["There is one organisation: change it, it can't be made."]})
    taken = objects_of(draft, kind).keys() - {object_id}
    if kind in OBJECT_KINDS:
        after = after | {"id": object_id or free_id(str(after.get("name") or ""), taken)}
    if kind == ACCOUNTS and not after.get("password_secret"):
        after = after | {"password_secret": _password_of(draft, object_id) or _reserved(str(after["id"]))}
    try:
        item = model_of(kind).model_validate(after)
    except ValidationError as error:
        raise InvalidObject(errors_by_field(error, after, kind)) from None
    if identity(kind, item) in taken:
        raise InvalidObject({"network": [f"{identity(kind, item)} is on the list already."]})
    check_secret(kind, as_json(item))
    return item


def _password_of(draft: MailFlow, account_id: str) -> str:
    return next((one.password_secret for one in draft.service_accounts if one.id == account_id), "")


def _reserved(object_id: str) -> str:
    """A new secret for the account's password; none is right before one is made. Undone where the object is refused."""
    name = f"{object_id}.{secrets.token_hex(4)}"
    store_secret(name=name, value=passwords.UNSET)
    return name


def free_id(name: str, taken: Any) -> str:
    """An id made from the name that no other object of the section has."""
    wanted = slug(name)
    numbered = (f"{wanted[:58]}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (wanted, *numbered) if one not in taken)


def errors_by_field(error: ValidationError, data: Json, kind: str) -> dict[str, list[str]]:
    """What is wrong, by the field it is said at; a place within the field is named in the sentence."""
    errors: dict[str, list[str]] = {}
    for misfit in explain(error, data, model=model_of(kind)):
        said = errors.setdefault(misfit.field, [])
        if misfit.loc == (misfit.field,) and said:
            continue  # of a list whose items are wrong pydantic says that it has none
        said.append(_in_its_line(misfit, data))
    return errors


def _in_its_line(misfit: Misfit, data: Json) -> str:
    """Names the line of a list that has several: the form has one item a line."""
    words = misfit.sentence[:1].upper() + misfit.sentence[1:]
    index = misfit.loc[1] if len(misfit.loc) > 1 else None
    is_one_of_many = isinstance(index, int) and len(data.get(misfit.field) or ()) > 1
    return f"Line {int(index or 0) + 1}: {words}" if is_one_of_many else words


def check_secret(kind: str, value: Json) -> None:
    """Law 9: a name that the store does not know may be a password typed into the wrong field; it is not kept."""
    field = "review_webhook_secret" if kind == ORGANIZATION else "password_secret"
    name = value.get(field)
    if not name or (is_for_documents(name) and has_secret(name)):
        return
    remedy = {
        "send_connectors": "Enter the password on the connector's form, or store it with: manage.py config secret NAME",
        ORGANIZATION: "Store it with: manage.py config secret NAME",
        "service_accounts": "Make the account with the console's form, or its password with: "
        "manage.py config password NAME",
    }[kind]
    raise SecretNotStored(f"{field} of {value.get('name')} is not the name of a stored secret. {remedy}")


def _keep(change: Change, base: MailFlow, kind: str, object_id: str, after: Json | None, now: datetime) -> ObjectChange:
    """Write the item; what is as in the base again is no item."""
    was = objects_of(base, kind).get(object_id)
    before = as_json(was) if was is not None else None
    items = ChangeItem.objects.filter(change=change, kind=kind, object_id=object_id)
    if before == after:
        items.delete()
    elif not items.update(before=before, after=after, staged_at=now):
        ChangeItem.objects.create(
            change=change, kind=kind, object_id=object_id, before=before, after=after, staged_at=now
        )
    return ObjectChange(kind, object_id, before, after)


def _name_after(change: Change, told: ObjectChange) -> None:
    """A draft without a title is called after its first item."""
    if change.title != UNTITLED:
        return
    verb = "Add" if told.is_new else "Delete" if told.is_deleted else "Change"
    name = name_of(told.kind, told.after or told.before or {}, told.object_id)
    label = label_inside(told.kind)
    title = f"{verb} {label}" if told.kind == ORGANIZATION else f"{verb} {label} {name}"
    Change.objects.filter(pk=change.pk).update(title=title[:200])
    change.title = title[:200]
