"""Addresses of the live stream."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.nodes import views

app_name = "live"
urlpatterns: list[URLPattern | URLResolver] = [
    path("stream", views.stream, name="stream"),
    path("poll", views.poll, name="poll"),
]
