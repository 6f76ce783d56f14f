"""Addresses of the API."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.api.root import api

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [path("v1/", api.urls)]
