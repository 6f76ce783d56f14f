"""Addresses of what is learned, by receive connector."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.learning import views

app_name = "learning"
urlpatterns: list[URLPattern | URLResolver] = [
    path("<slug:object_id>/", views.learned, name="learned"),
    path("<slug:object_id>/start/", views.start, name="start"),
    path("<slug:object_id>/stop/", views.stop, name="stop"),
    path("<slug:object_id>/draft/", views.draft, name="draft"),
]
