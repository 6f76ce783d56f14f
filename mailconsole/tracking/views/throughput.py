"""The throughput chart, a fragment that the Overview asks for: its range stands in the address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.tracking.chart import chart_context


@require_safe
def throughput_chart(request: HttpRequest) -> HttpResponse:
    context = chart_context(request.GET.get("range", ""), timezone.now())
    return render(request, "tracking/_throughput.html", context)
