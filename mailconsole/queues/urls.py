"""Addresses of the pages of queues."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.queues.views import act, export, holds, messages, pages

app_name = "queues"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.queue_list, name="list"),
    path("queue/", pages.queue_detail, name="detail"),
    path("act/", act.act, name="act"),
    path("retry-all/", act.act_on_all, name="retry-all"),
    path("messages/", messages.message_list, name="messages"),
    path("messages/export/", export.export_all, name="export-all"),
    path("messages/order/", messages.order, name="order"),
    path("messages/<str:node>/<str:queue_id>/why/", messages.message_why, name="why"),
    path("messages/<str:node>/<str:queue_id>/export/", messages.export, name="export"),
    path("holds/", holds.hold_list, name="holds"),
    path("holds/add/", holds.hold_add, name="hold-add"),
    path("holds/<int:pk>/lift/", holds.hold_lift, name="hold-lift"),
]
