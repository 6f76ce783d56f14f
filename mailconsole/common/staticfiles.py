"""Static files under names with their digest, so that browsers keep them; plain names before `collectstatic` ran."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class VersionedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A file that the manifest doesn't know is served under its own name instead of failing the page."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        known = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return str(super().stored_name(name)) if known else name


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise for both kinds of request: as a synchronous middleware alone it would cost each SSE view a thread."""

    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        return self._wait(request) if self._is_async else super().__call__(request)

    async def _wait(self, request: HttpRequest) -> Any:
        found = super().__call__(request)
        return found if isinstance(found, HttpResponse) else await found

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """In one piece: our files are small, and Django streams a file to ASGI only with a warning."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file:
                body = found.file.read()
        response = HttpResponse(body, status=int(found.status))
        del response.headers["Content-Type"]
        for name, value in found.headers:
            response.headers[name] = value
        return response
