"""Addresses of sign-in and of one's own account."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.accounts.views.sign_in import SignInView, SignOutView

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-out/", SignOutView.as_view(), name="sign-out"),
]
