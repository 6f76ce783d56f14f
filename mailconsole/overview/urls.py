"""Addresses of the pages of overview."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.overview.views import home, node_remove, nodes

app_name = "overview"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("nodes/", nodes, name="nodes"),
    path("nodes/<str:name>/remove/", node_remove, name="node-remove"),
]
