"""Addresses of the pages of the trace."""

from django.urls import URLPattern, URLResolver, path, re_path

from mailconsole.tracking.views import messages, protocol, refusals, throughput

app_name = "tracking"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", messages.message_list, name="messages"),
    re_path(r"^export/(?P<form>csv|jsonl)$", messages.message_export, name="messages-export"),
    path("throughput/", throughput.throughput_chart, name="throughput"),
    path("refusals/", refusals.refusal_list, name="refusals"),
    re_path(r"^refusals/export/(?P<form>csv|jsonl)$", refusals.refusal_export, name="refusals-export"),
    path("refusals/<int:key>/", refusals.refusal_detail, name="refusal"),
    path("refusals/<int:key>/protocol/", protocol.refusal_protocol, name="refusal-protocol"),
    path("<str:node>/<str:queue_id>/protocol/", protocol.message_protocol, name="message-protocol"),
    path("<str:node>/<str:queue_id>/explain/", messages.message_explain, name="message-explain"),
    path("<str:node>/<str:queue_id>/", messages.message_detail, name="message"),
]
