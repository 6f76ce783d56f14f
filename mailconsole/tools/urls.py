"""Addresses of the pages of tools."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.tools.views import explain_page

app_name = "tools"
urlpatterns: list[URLPattern | URLResolver] = [path("explain/", explain_page, name="explain")]
