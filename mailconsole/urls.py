"""Where each app's pages live."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("mailconsole.overview.urls")),
    path("", include("mailconsole.common.urls")),
    path("account/", include("mailconsole.accounts.urls")),
    path("people/", include("mailconsole.accounts.people_urls")),
    path("setup/", include("mailconsole.setup.urls")),
    path("audit/", include("mailconsole.audit.urls")),
    path("changes/", include("mailconsole.changes.urls")),
    path("learning/", include("mailconsole.learning.urls")),
    path("import/", include("mailconsole.imports.urls")),
    path("mail-flow/", include("mailconsole.mailflow.urls")),
    path("certificates/", include("mailconsole.certificates.urls")),
    path("queues/", include("mailconsole.queues.urls")),
    path("messages/", include("mailconsole.tracking.urls")),
    path("directory/", include("mailconsole.recipients.urls")),
    path("tools/", include("mailconsole.tools.urls")),
    path("live/", include("mailconsole.nodes.urls")),
    path("api/", include("mailconsole.api.urls")),
]

handler400 = "mailconsole.common.errors.bad_request"
handler403 = "mailconsole.common.errors.forbidden"
handler404 = "mailconsole.common.errors.not_found"
handler500 = "mailconsole.common.errors.server_error"

if settings.DEBUG:
    from django.contrib.staticfiles.urls import staticfiles_urlpatterns

    urlpatterns += staticfiles_urlpatterns()
