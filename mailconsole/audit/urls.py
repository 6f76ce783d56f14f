"""Addresses of the audit's pages."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.audit import views

app_name = "audit"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.audit_list, name="list"),
    path("<int:number>/", views.audit_entry, name="entry"),
    path("verify/", views.audit_verify, name="verify"),
    path("export.<str:form>", views.audit_export, name="export"),
]
