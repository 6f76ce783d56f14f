"""Addresses of the directory's pages."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.recipients.views import recipients, sources, sync

app_name = "recipients"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", recipients.recipient_list, name="list"),
    path("recipients/<uuid:guid>/", recipients.recipient_detail, name="detail"),
    path("sync/", sync.sync_status, name="sync"),
    path("sync/runs/<int:pk>/", sync.run_detail, name="run"),
    path("sources/new/", sources.source_create, name="source-create"),
    path("sources/test/", sources.source_test, name="source-test-new"),
    path("sources/<int:pk>/", sources.source_edit, name="source-edit"),
    path("sources/<int:pk>/test/", sources.source_test, name="source-test"),
    path("sources/<int:pk>/delete/", sources.source_delete, name="source-delete"),
    path("sources/<int:pk>/sync/", sync.sync_now, name="sync-now"),
    path("sources/<int:pk>/accept-shrink/", sync.accept_shrink, name="accept-shrink"),
]
