"""Static files under names with their digest, so that browsers keep them; plain names before `collectstatic` ran."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class VersionedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A file that the manifest doesn't know is served under its own name instead of failing the page."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        known = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return str(super().stored_name(name)) if known else name
