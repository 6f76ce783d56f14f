"""The certificates in a folder: ``NAME.pem`` with ``NAME.key``, or ``NAME/fullchain.pem`` with ``privkey.pem``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transport.certificates.certificate import Certificate, CertificateUnusable, read
from transport.certificates.own import CERTIFICATE_NAME, KEY_NAME

CLIENT_AUTHORITIES_NAME = "client-ca.pem"
OWN = "self-made"
"""The name of the certificate that the node made for itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds; ``problems`` are sentences about files that cannot be used. ``client_authorities`` is the
    file of those who may sign client certificates, None where there is none."""

    certificates: tuple[Certificate, ...] = ()
    problems: tuple[str, ...] = ()
    client_authorities: Path | None = None


def look(folder: Path) -> Found:
    """Read the folder."""
    certificates: list[Certificate] = []
    problems: list[str] = []
    for name, chain, key in _pairs(folder):
        try:
            certificates.append(read(name, chain, key))
        except CertificateUnusable as error:
            problems.append(f"The certificate {name} cannot be used: {error}.")
    authorities = folder / CLIENT_AUTHORITIES_NAME
    return Found(tuple(certificates), tuple(problems), authorities if authorities.is_file() else None)


def state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file of the folder does: path, time and size of each."""
    paths = [path for _, chain, key in _pairs(folder) for path in (chain, key)]
    return tuple(_state(path) for path in (*paths, folder / CLIENT_AUTHORITIES_NAME))


def _state(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size


def _pairs(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for path in entries:
        if path.name == CERTIFICATE_NAME:
            yield OWN, path, folder / KEY_NAME
        elif path.suffix == ".pem" and path.name not in (KEY_NAME, CLIENT_AUTHORITIES_NAME):
            yield path.stem, path, path.with_suffix(".key")
        elif (path / "fullchain.pem").is_file():
            yield path.name, path / "fullchain.pem", path / "privkey.pem"
