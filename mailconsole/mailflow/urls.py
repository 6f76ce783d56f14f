"""Addresses of the pages of mailflow."""

from django.urls import URLPattern, URLResolver

app_name = "mailflow"
urlpatterns: list[URLPattern | URLResolver] = []
