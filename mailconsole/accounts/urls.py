"""Addresses of sign-in and of one's own account."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.accounts.views import own, sign_in

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.SignInView.as_view(), name="sign-in"),
    path("sign-out/", sign_in.SignOutView.as_view(), name="sign-out"),
    path("password/", own.change_password, name="change-password"),
    path("tokens/", own.token_list, name="tokens"),
    path("tokens/<int:pk>/revoke/", own.revoke_token, name="revoke-token"),
]
