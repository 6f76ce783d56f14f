"""The certificates in a folder: ``NAME.pem`` with ``NAME.key``, or ``NAME/fullchain.pem`` with ``privkey.pem``; and
those that the console keeps, in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Given:
    """A folder of certificates that the console keeps; one of ``passwords`` opens each key."""

    folder: Path
    passwords: tuple[str, ...] = field(default=("",), repr=False)


def look(folder: Path, given: Given | None = None) -> Found:
    """Read the node's own folder, and that of the console's certificates."""
    certificates: list[Certificate] = []
    problems: list[str] = []
    own = [(*pair, ("",)) for pair in _pairs(folder)]
    theirs = [(*pair, given.passwords) for pair in _pairs(given.folder)] if given is not None else []
    for name, chain, key, passwords in (*own, *theirs):
        try:
            certificates.append(read(name, chain, key, passwords))
        except CertificateUnusable as error:
            problems.append(f"The certificate {name} cannot be used: {error}.")
    authorities = folder / CLIENT_AUTHORITIES_NAME
    return Found(tuple(certificates), tuple(problems), authorities if authorities.is_file() else None)


def state(folder: Path, given: Given | None = None) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file of the folders does: path, time and size of each."""
    folders = (folder, given.folder) if given is not None else (folder,)
    paths = [path for one in folders for _, chain, key in _pairs(one) for path in (chain, key)]
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
