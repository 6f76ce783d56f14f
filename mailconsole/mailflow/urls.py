"""Addresses of the pages of mail flow: the same five for each section; an IP list's objects are known by network."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, path

from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.views import acts, details, forms, keep, lists, provider


def _of(kind: Kind) -> Iterator[URLPattern]:
    named = {"kind": kind.name}
    yield path(f"{kind.path}/", lists.object_list, named, name=f"{kind.stem}-list")
    yield path(f"{kind.path}/new/", forms.object_create, named, name=f"{kind.stem}-create")
    yield path(f"{kind.path}/show/<path:object_id>/", details.object_detail, named, name=f"{kind.stem}-show")
    yield path(f"{kind.path}/edit/<path:object_id>/", forms.object_edit, named, name=f"{kind.stem}-edit")
    yield path(f"{kind.path}/delete/<path:object_id>/", acts.object_delete, named, name=f"{kind.stem}-delete")


app_name = "mailflow"
urlpatterns: list[URLPattern | URLResolver] = [
    path("organization/", forms.organization, name="organization-edit"),
    path("kept/<str:kind>/", keep.keep, name="keep"),
    path("kept/<str:kind>/discard/", keep.discard, name="discard-kept"),
    path("service-accounts/password/<path:object_id>/", acts.account_password, name="service-account-password"),
    path("mail-flow-rules/move/<path:object_id>/", acts.rule_move, name="mail-flow-rule-move"),
    *(
        path(
            f"{KINDS[kind].path}/ask/<path:object_id>/",
            provider.provider_ask,
            {"kind": kind},
            f"{KINDS[kind].stem}-ask",
        )
        for kind in ("ip_block_list_providers", "ip_allow_list_providers")
    ),
    *(pattern for kind in KINDS.values() if kind.name != "organization" for pattern in _of(kind)),
]
