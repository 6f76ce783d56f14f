"""Directories are added, changed and removed here, with an audit row each; their passwords go to the secret store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from directory.errors import DirectoryError, InsecureConnectionRefused
from directory.settings import BindMethod, Security, SourceSettings, parse_servers, tls_context
from mailconsole.audit import services as audit
from mailconsole.common.secrets import forget_secret, read_secret, store_secret
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import SourceRefused
from mailconsole.recipients.services.ended_people import end_all, forget_all
from mailconsole.recipients.services.snapshot import publish_snapshot

_AUDITED = (
    "name", "domain", "site", "servers", "security", "is_plain_allowed", "ca_pem", "tls_name", "base_dn", "bind_user",
    "search_filter", "page_size", "shrink_limit_percent", "changes_every_min", "whole_every_h", "is_enabled",
    "attribute_names", "bind_method", "keytab", "credential_cache",
)  # fmt: skip
_SCOPE = ("base_dn", "search_filter", "attribute_names")  # fmt: skip


def create_source(
    *, source: DirectorySource, password: str, actor: Any, now: datetime, request: HttpRequest | None = None
) -> DirectorySource:
    """Keep a new source. Raises SourceRefused where a setting cannot be used."""
    settings_with(source, password)
    refuse_plain_sign_in(source)
    with transaction.atomic():
        source.created_at = now
        source.save(force_insert=True)
        if source.has_password:
            store_secret(name=source.secret_name, value=password)
        _record(source, "directory_source.create", f"Added the directory {source}", actor, request, after=facts(source))
    return source


def update_source(
    *, source: DirectorySource, password: str, actor: Any, now: datetime, request: HttpRequest | None = None
) -> DirectorySource:
    """Keep a changed source; an empty password keeps the stored one. Raises SourceRefused, SecretMissing."""
    settings_with(source, password or stored_password(source))
    refuse_plain_sign_in(source)
    with transaction.atomic():
        before = facts(DirectorySource.objects.select_for_update().get(pk=source.pk))
        if any(before[name] != getattr(source, name) for name in _SCOPE):
            source.positions, source.cookies = {}, {}  # what is read is another thing: changes alone would not tell
        source.save(update_fields=[*_AUDITED, "positions", "cookies"])
        summary = f"Changed the directory {source}"
        if not source.has_password:
            forget_secret(source.secret_name)
        elif password:
            store_secret(name=source.secret_name, value=password)
            summary += ", with a new bind password"
        _record(source, "directory_source.update", summary, actor, request, before=before, after=facts(source))
    if before["is_enabled"] != source.is_enabled:
        publish_snapshot(now=now)
        if not source.is_enabled:
            end_all(source=source, now=now)
    return source


def delete_source(
    *, source: DirectorySource, reason: str, actor: Any, now: datetime, request: HttpRequest | None = None
) -> None:
    """Forget a source, its recipients and its password; nodes no longer find them."""
    with transaction.atomic():
        _record(
            source, "directory_source.delete", f"Removed the directory {source}", actor, request,
            before=facts(source), reason=reason,
        )  # fmt: skip
        forget_all(source=source, actor=actor, now=now, request=request)
        forget_secret(source.secret_name)
        source.delete()
    publish_snapshot(now=now)


def settings_of(source: DirectorySource) -> SourceSettings:
    """How to reach a stored source. Raises SourceRefused, or SecretMissing where its password is gone."""
    return settings_with(source, stored_password(source))


def stored_password(source: DirectorySource) -> str:
    """Empty where its account needs none. Raises SecretMissing."""
    return read_secret(source.secret_name) if source.has_password else ""


def settings_with(source: DirectorySource, password: str) -> SourceSettings:
    """How to reach a source with this password. Raises SourceRefused, which names the setting."""
    if not password and source.has_password:
        raise SourceRefused("The bind password is empty: an empty password would be an anonymous sign-in.")
    try:
        security = Security(source.security)
        tls_context(source.ca_pem)
        return SourceSettings(
            servers=parse_servers(source.servers, security),
            base_dn=source.base_dn,
            bind_user=source.bind_user,
            bind_password=password if source.has_password else "",
            bind_method=BindMethod(source.bind_method),
            keytab=source.keytab,
            credential_cache=source.credential_cache,
            security=security,
            allow_plain=source.is_plain_allowed,
            ca_pem=source.ca_pem or None,
            tls_name=source.tls_name or None,
            domain=source.domain,
            site=source.site,
            search_filter=source.search_filter,
            attribute_names=tuple(sorted(source.attribute_names.items())),
            page_size=source.page_size,
        )
    except InsecureConnectionRefused as error:
        raise SourceRefused(str(error), field="is_plain_allowed") from error
    except DirectoryError as error:
        raise SourceRefused(str(error), field=getattr(error, "field", "")) from error


def refuse_plain_sign_in(source: DirectorySource) -> None:
    """People's passwords never go in plain LDAP, whatever the reader's does. Raises SourceRefused."""
    if source.is_console_sign_in_allowed and source.security == Security.PLAIN:
        raise SourceRefused(
            "In plain LDAP people's passwords could be read on the way: use TLS, or switch off their sign-in."
        )


def facts(source: DirectorySource) -> dict[str, Any]:
    """What the audit may hold of a source: everything but the password."""
    return {name: getattr(source, name) for name in _AUDITED}


def _record(
    source: DirectorySource, action: str, summary: str, actor: Any, request: HttpRequest | None, **more: Any
) -> None:
    audit.record(
        actor=actor, action=action, object_kind="directory_source", object_id=str(source.pk), summary=summary,
        request=request, **more,
    )  # fmt: skip
