"""Addresses of the first set-up."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.setup import views

app_name = "setup"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.start, name="start"),
    path("domain/", views.domain, name="domain"),
    path("way-out/", views.way_out, name="way-out"),
    path("people/", views.colleagues, name="people"),
    path("done/", views.done, name="done"),
    path("skip/", views.skip, name="skip"),
]
