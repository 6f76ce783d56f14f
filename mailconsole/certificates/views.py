"""Pages of certificates: everybody sees them, administrators change them, nobody gets a key."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.certificates.forms import CertificateForm, RequestForm
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.refusals import BadName, CertificateInUse, NameTaken
from mailconsole.certificates.services.given import read_given
from mailconsole.certificates.services.keep import add_certificate, remove_certificate, replace_certificate
from mailconsole.certificates.services.request import request_certificate
from mailconsole.certificates.shown import shown_now
from mailconsole.certificates.uses import uses
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.common.templatetags.words import wire
from mailconsole.nodes.snapshots import read_live


@require_safe
def certificate_list(request: HttpRequest) -> HttpResponse:
    """Those of the console, and what nodes show besides."""
    now, all_of_them = timezone.now(), list(ServerCertificate.objects.all())
    used = uses(all_of_them)
    rows = [
        {"certificate": one, "uses": used.get(one.name, []), "is_over": one.is_over(now), "is_soon": one.ends_soon(now)}
        for one in all_of_them
    ]
    return render_page(request, "certificates/list.html", {"rows": rows})


@require_safe
def certificate_show(request: HttpRequest, name: str) -> HttpResponse:
    """One of them: where it is used, and which nodes show it now."""
    one, now = _known(name), timezone.now()
    context = {
        "certificate": one,
        "uses": uses(ServerCertificate.objects.all()).get(one.name, []),
        "shown": shown_now(read_live(), one.name),
        "is_over": one.is_over(now),
        "is_soon": one.ends_soon(now),
    }
    return render_page(request, "certificates/show.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
@sensitive_post_parameters("key", "password")
def certificate_add(request: HttpRequest) -> HttpResponse:
    form = CertificateForm(request.POST or None, request.FILES or None, is_new=True)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            made = add_certificate(
                name=form.cleaned_data["name"], pair=read_given(now=now, **form.given), **_by(request), now=now
            )
        except (BadName, NameTaken) as refused:
            form.add_error("name", str(refused))
        except Refusal as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Added the certificate {made}. Nodes take it within seconds.")
            return redirect("certificates:show", made.name)
    return _form_page(request, form, "Add a certificate", "Add")


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
@sensitive_post_parameters("key", "password")
def certificate_replace(request: HttpRequest, name: str) -> HttpResponse:
    """The renewed one, or what an authority made of the request; then without a key."""
    one = _known(name)
    form = CertificateForm(request.POST or None, request.FILES or None, is_new=False)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            pair = read_given(now=now, certificate=one, **form.given)
            replace_certificate(certificate=one, pair=pair, **_by(request), now=now)
        except Refusal as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Replaced the certificate {one}. Nodes take it within seconds.")
            return redirect("certificates:show", one.name)
    verb = "Replace" if one.is_installed else "Install"
    return _form_page(request, form, f"{verb} {one}", verb, one)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
def certificate_request(request: HttpRequest) -> HttpResponse:
    """`?name=` begins the successor of one."""
    old = ServerCertificate.objects.filter(name=request.GET.get("name", "")).first()
    began = {"name": old.name, "hosts": "\n".join(old.names)} if old is not None else None
    form = RequestForm(request.POST or None, initial=began)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = request_certificate(
                name=said["name"],
                hosts=said["hosts"].split(),
                organization=said["organization"],
                is_rsa=said["is_rsa"],
                **_by(request),
                now=timezone.now(),
            )
        except BadName as refused:
            form.add_error("name", str(refused))
        except Refusal as refused:
            form.add_error("hosts", str(refused))
        else:
            messages.success(request, "Made a key and its request. Give the request to your authority.")
            return redirect("certificates:show", made.name)
    return _form_page(request, form, "Request a certificate", "Make key and request")


@require_safe
@require_role(Role.ADMINISTRATOR)
def certificate_csr(request: HttpRequest, name: str) -> HttpResponse:
    """The request as a file for the authority; there is nothing secret in it."""
    one = _known(name)
    if not one.request_pem:
        raise Http404
    answer = HttpResponse(one.request_pem, content_type="application/pkcs10")
    answer["Content-Disposition"] = f'attachment; filename="{one.name}.csr"'
    return answer


@require_POST
@require_role(Role.ADMINISTRATOR)
def certificate_remove(request: HttpRequest, name: str) -> HttpResponse:
    one = _known(name)
    try:
        remove_certificate(certificate=one, reason=request.POST.get("reason", ""), **_by(request), now=timezone.now())
    except CertificateInUse as refused:
        messages.error(request, wire(refused))
        return redirect("certificates:show", one.name)
    messages.success(request, f"Removed the certificate {name}. Nodes let go of it within seconds.")
    return redirect("certificates:list")


def _form_page(
    request: HttpRequest, form: Any, heading: str, button: str, certificate: ServerCertificate | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "heading": heading,
        "button": button,
        "certificate": certificate,
    }
    return render_page(request, "certificates/form.html", context, status=422 if form.errors else 200)


def _known(name: str) -> ServerCertificate:
    return get_object_or_404(ServerCertificate, name=name)


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"actor": cast(User, request.user), "request": request}
