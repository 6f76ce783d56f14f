"""Addresses of imports and their reports."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.imports import views

app_name = "imports"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.new, name="new"),
    path("reports/<int:pk>/", views.report, name="report"),
    path("reports/<int:pk>/csv/", views.report_csv, name="report-csv"),
]
