"""Addresses of the pages of recipients."""

from django.urls import URLPattern, URLResolver

app_name = "recipients"
urlpatterns: list[URLPattern | URLResolver] = []
