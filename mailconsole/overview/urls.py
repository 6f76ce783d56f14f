"""Addresses of the pages of overview."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.overview.views import home, nodes

app_name = "overview"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("nodes/", nodes, name="nodes"),
]
