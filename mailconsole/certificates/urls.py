"""Addresses of the certificates' pages."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.certificates import views

app_name = "certificates"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.certificate_list, name="list"),
    path("add/", views.certificate_add, name="add"),
    path("request/", views.certificate_request, name="request"),
    path("<str:name>/", views.certificate_show, name="show"),
    path("<str:name>/replace/", views.certificate_replace, name="replace"),
    path("<str:name>/remove/", views.certificate_remove, name="remove"),
    path("<str:name>/request.csr", views.certificate_csr, name="csr"),
]
