"""Server certificates for all nodes. Keys are in the secret store, nowhere else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

SOON = timedelta(days=30)


class ServerCertificate(models.Model):
    """A certificate by the name that connectors know it by. While an authority is asked there is a request and no
    chain; names, subject and issuer come from the certificate, and are hostile text."""

    name = models.CharField(max_length=63, unique=True)
    chain_pem = models.TextField(blank=True)
    request_pem = models.TextField(blank=True)
    names = models.JSONField(default=list)
    subject = models.TextField(blank=True)
    issuer = models.TextField(blank=True)
    is_self_signed = models.BooleanField(default=False)
    not_before = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secret_name(self) -> str:
        return f"certificate/{self.name}"

    @property
    def requested_secret_name(self) -> str:
        """The key of a request: it becomes the certificate's when the authority's answer is installed."""
        return f"certificate-request/{self.name}"

    @property
    def is_installed(self) -> bool:
        return bool(self.chain_pem)

    def is_over(self, now: datetime) -> bool:
        return self.not_after is not None and now >= self.not_after

    def ends_soon(self, now: datetime) -> bool:
        """Over, or so soon that its successor should be asked for."""
        return self.not_after is not None and now >= self.not_after - SOON
