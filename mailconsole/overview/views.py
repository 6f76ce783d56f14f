"""The first page: is mail flowing, and what needs a person now."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import render_page
from mailconsole.common.templatetags.words import wire
from mailconsole.nodes.models import Node
from mailconsole.nodes.removal import NodeIsThere, ReasonRequired, gone_nodes, remove_node
from mailconsole.overview.resources import recent_events


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everything on it is a live region; see the apps that registered them."""
    return render(request, "overview/home.html")


@require_safe
def nodes(request: HttpRequest) -> HttpResponse:
    """Each node's resources, live, and what happened to nodes lately."""
    context = {"events": recent_events(), "gone": gone_nodes(timezone.now())}
    return render_page(request, "overview/nodes.html", context, fragment="overview/_events.html")


@require_POST
@require_role(Role.ADMINISTRATOR)
def node_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Take away a node that will not come back."""
    node, reason = get_object_or_404(Node, name=name, removed_at=None), request.POST.get("reason", "")
    try:
        lost = remove_node(
            node=node, actor=cast(User, request.user), reason=reason, now=timezone.now(), request=request
        )
    except (NodeIsThere, ReasonRequired) as refused:
        messages.error(request, wire(refused))
    else:
        messages.success(request, f"Removed the node {node.name}. {lost} messages that it held are told to be lost.")
    return redirect("overview:nodes")
