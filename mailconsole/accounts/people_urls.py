"""Addresses of People and roles."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.accounts.views import people

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", people.people_list, name="list"),
    path("add/", people.add_person, name="add"),
    path("<int:pk>/", people.edit_person, name="edit"),
    path("<int:pk>/limit/<slug:role>/", people.limit_role, name="limit"),
    path("<int:pk>/switch-off/", people.switch_off_person, name="switch-off"),
    path("<int:pk>/switch-on/", people.switch_on_person, name="switch-on"),
    path("<int:pk>/tokens/<int:key>/revoke/", people.revoke_token, name="revoke-token"),
    path("<int:pk>/reset-password/", people.reset_password, name="reset-password"),
]
