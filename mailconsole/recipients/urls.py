"""Addresses of the directory's pages."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.recipients.views import console_sign_in, mapping, recipients, sources, sync, unused, who

app_name = "recipients"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", recipients.recipient_list, name="list"),
    path("recipients/<uuid:guid>/", recipients.recipient_detail, name="detail"),
    path("recipients/<uuid:guid>/attributes/", mapping.mapping_page, name="mapping"),
    path("who/", who.who_page, name="who"),
    path("to-mend/", who.to_mend, name="to-mend"),
    path("to-mend/unused/", unused.unused_page, name="unused"),
    path("to-mend/unused/window/", unused.set_window, name="unused-window"),
    path("sync/conflict-rule/", sync.set_conflict_rule, name="conflict-rule"),
    path("sync/", sync.sync_status, name="sync"),
    path("sync/runs/<int:pk>/", sync.run_detail, name="run"),
    path("sync/sources/find/", sources.source_find, name="source-find"),
    path("sync/sources/new/", sources.source_create, name="source-create"),
    path("sync/sources/test/", sources.source_test, name="source-test-new"),
    path("sync/sources/<int:pk>/", sources.source_edit, name="source-edit"),
    path("sync/sources/<int:pk>/test/", sources.source_test, name="source-test"),
    path("sync/sources/<int:pk>/sign-in/", console_sign_in.console_sign_in, name="console-sign-in"),
    path("sync/sources/<int:pk>/sign-in/allow/", console_sign_in.allow_sign_in, name="allow-sign-in"),
    path("sync/group-roles/<int:pk>/take/", console_sign_in.take_role, name="take-role"),
    path("sync/sources/<int:pk>/delete/", sources.source_delete, name="source-delete"),
    path("sync/sources/<int:pk>/sync/", sync.sync_now, name="sync-now"),
    path("sync/sources/<int:pk>/cancel/", sync.cancel, name="cancel-sync"),
    path("sync/sources/<int:pk>/accept-shrink/", sync.accept_shrink, name="accept-shrink"),
]
