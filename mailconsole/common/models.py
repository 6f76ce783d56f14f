"""The row of the secret store."""

from __future__ import annotations

from django.db import models


class Secret(models.Model):
    """A secret as ciphertext; `read_secret` is the only way to its value."""

    name = models.CharField(max_length=200, unique=True)
    ciphertext = models.TextField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
