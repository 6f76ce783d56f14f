"""Addresses of the pages of tools."""

from django.urls import URLPattern, URLResolver

app_name = "tools"
urlpatterns: list[URLPattern | URLResolver] = []
