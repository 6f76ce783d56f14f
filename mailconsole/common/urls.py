"""Addresses of the in-product help and of what the frame needs."""

from django.urls import URLPattern, URLResolver

app_name = "common"
urlpatterns: list[URLPattern | URLResolver] = []
