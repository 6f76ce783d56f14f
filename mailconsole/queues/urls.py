"""Addresses of the pages of queues."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.queues.views import act, pages

app_name = "queues"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.queue_list, name="list"),
    path("queue/", pages.queue_detail, name="detail"),
    path("act/", act.act, name="act"),
    path("retry-all/", act.act_on_all, name="retry-all"),
]
