"""Corpora fetched once from a pinned commit of their origin and checked by SHA-256.

Pinned is what equals the origin byte for byte (the shared data card says which files do).
The shared Tatoeba files were cleaned and split anew and stand at no address, so they are read
from a folder only.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pooch

from onegrain.data.origins import MULTI30K, TREEBANKS, Origin
from onegrain.errors import UserError

log = logging.getLogger(__name__)

GITHUB = "https://raw.githubusercontent.com"
ORIGIN_VARIABLE = "ONEGRAIN_ORIGIN"  # another server with the same paths, such as a mirror
CACHE_VARIABLE = "ONEGRAIN_CACHE"
_TIMEOUT = 30.0  # seconds without a byte


def fetch_multi30k(
    languages: Sequence[str], *, cache: Path | None = None, origin: str | None = None
) -> Path:
    """Fetch the raw files of these languages unless they are there.

    Args:
        languages: Such as ``("en", "fr")``.
        cache: Folder to keep files in; default the variable ONEGRAIN_CACHE, else the user's cache.
        origin: Address of the server; default the variable ONEGRAIN_ORIGIN, else GitHub.

    Returns:
        The folder that holds ``train.en.gz`` and so on.

    Raises:
        UserError: If a file cannot be fetched or is not the pinned one.
    """
    wanted = [name for name in MULTI30K.files if name.split(".")[-2] in languages]
    return _fetch(MULTI30K, wanted, cache, origin)


def fetch_treebank(name: str, *, cache: Path | None = None, origin: str | None = None) -> Path:
    """Fetch the files of a treebank, such as ``UD_English-EWT``, unless they are there.

    Arguments, result and errors are those of :func:`fetch_multi30k`.
    """
    if name not in TREEBANKS:
        raise UserError(f"no treebank '{name}' is pinned; there are {', '.join(TREEBANKS)}")
    treebank = TREEBANKS[name]
    return _fetch(treebank, list(treebank.files), cache, origin)


def _fetch(source: Origin, names: Sequence[str], cache: Path | None, origin: str | None) -> Path:
    folder = (cache or _default_cache()) / source.name
    address = (origin or os.environ.get(ORIGIN_VARIABLE) or GITHUB).rstrip("/")
    pooch.get_logger().setLevel(logging.WARNING)  # we say it ourselves
    for name in names:
        _fetch_file(f"{address}/{source.folder}/{name}", folder / name, source.files[name])
    return folder


def _fetch_file(address: str, path: Path, sha256: str) -> None:
    """Keep ``path`` if it is the pinned file; else fetch it, whole or not at all."""
    if not path.exists():
        log.info("fetching %s to %s", address, path)
    downloader = pooch.HTTPDownloader(timeout=_TIMEOUT)
    try:
        pooch.retrieve(address, f"sha256:{sha256}", path.name, path.parent, downloader=downloader)
    except OSError as error:  # requests' errors are OSErrors too
        reason = " ".join(str(error).split())
        raise UserError(f"{address}: cannot be fetched to {path} ({reason})") from None
    except ValueError:
        raise UserError(
            f"{address}: not the pinned {path.name}, whose SHA-256 is {sha256}; nothing is kept"
        ) from None


def _default_cache() -> Path:
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("onegrain"))
