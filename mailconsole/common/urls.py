"""Addresses of the search, the settings and the in-product help."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.common.views.help import help_index, help_topic
from mailconsole.common.views.search import search
from mailconsole.common.views.settings import settings_page

app_name = "common"
urlpatterns: list[URLPattern | URLResolver] = [
    path("search/", search, name="search"),
    path("settings/", settings_page, name="settings"),
    path("help/", help_index, name="help"),
    path("help/<slug:slug>/", help_topic, name="help-topic"),
]
