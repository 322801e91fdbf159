"""Arrays as text: compressed little-endian bytes that JSON can hold and a browser can unpack."""

from __future__ import annotations

import base64
import binascii
import gzip
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

TYPES = ("int8", "uint8", "uint16", "int32", "uint32", "float32")  # those JavaScript has too


def pack(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return an array as plain data: its ``type``, its ``shape`` and its ``data`` as text.

    The same array always gives the same text.

    Raises:
        ValueError: If its type is none of `TYPES`.

    Example:
        >>> unpack(pack(np.array([[1, -2]], dtype=np.int8)))
        array([[ 1, -2]], dtype=int8)
    """
    if array.dtype.name not in TYPES:
        raise ValueError(f"{array.dtype.name} is none of {', '.join(TYPES)}")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {
        "type": array.dtype.name,
        "shape": list(array.shape),
        "data": pack_bytes(np.ascontiguousarray(little).tobytes()),
    }


def pack_bytes(content: bytes) -> str:
    """Return bytes as gzip in base64, the same text each time."""
    return base64.b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()


def unpack(packed: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Return the array that `pack` was given.

    Raises:
        ValueError: If it is not what `pack` writes.
    """
    try:
        kind, shape, data = packed["type"], tuple(packed["shape"]), packed["data"]
        if kind not in TYPES:
            raise ValueError(f"{kind!r} is no type of numbers")
        expected = math.prod(shape) * np.dtype(kind).itemsize
        content = _decompressed(base64.b64decode(data, validate=True), expected)
    except (KeyError, TypeError, binascii.Error, zlib.error) as error:
        raise ValueError(f"not packed numbers ({type(error).__name__}: {error})") from error
    array = np.frombuffer(content, dtype=np.dtype(kind).newbyteorder("<"))
    return array.astype(kind, copy=False).reshape(shape)


def _decompressed(content: bytes, expected: int) -> bytes:
    """Decompress what should be ``expected`` bytes, and never many more."""
    unzip = zlib.decompressobj(wbits=31)
    plain = unzip.decompress(content, expected + 1)
    if len(plain) != expected or not unzip.eof:
        raise ValueError(f"the numbers do not fill their shape ({expected} bytes)")
    return plain
