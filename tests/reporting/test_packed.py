from __future__ import annotations

import base64
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from onegrain.reporting.packed import TYPES, pack, unpack


@pytest.mark.parametrize("kind", TYPES)
def test_numbers_of_every_kind_are_unpacked_as_packed(kind: str) -> None:
    @given(array=arrays.arrays(kind, arrays.array_shapes(min_side=0, max_side=5)))
    def check(array: np.ndarray) -> None:
        found = unpack(pack(array))
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)

    check()


def test_the_bytes_are_little_endian_gzip_as_browsers_expect() -> None:
    packed = pack(np.array([[1, 256]], dtype=">i4"))
    assert (packed["type"], packed["shape"]) == ("int32", [1, 2])
    content = gzip.decompress(base64.b64decode(packed["data"]))
    assert content == bytes([1, 0, 0, 0, 0, 1, 0, 0])


def test_the_same_numbers_make_the_same_text() -> None:
    array = np.arange(1000, dtype=np.uint16)
    assert pack(array) == pack(array.copy())


def test_numbers_that_browsers_do_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="int64 is none of"):
        pack(np.array([1]))


GOOD = pack(np.arange(3, dtype=np.int8))
BOMB = base64.b64encode(gzip.compress(bytes(1_000_000))).decode()


@pytest.mark.parametrize(
    "packed",
    [
        *({key: value for key, value in GOOD.items() if key != name} for name in GOOD),
        *(GOOD | {"type": "float64"}, GOOD | {"shape": [4]}, GOOD | {"shape": 3}),
        *(GOOD | {"data": "%"}, GOOD | {"data": GOOD["data"][:8]}, GOOD | {"data": BOMB}),
        GOOD | {"shape": [-3]},
    ],
)
def test_what_was_not_packed_is_refused(packed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpack(packed)
