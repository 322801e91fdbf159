"""Files of rows that are written in any order and read by mapping: safetensors with one tensor."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor

from onegrain.errors import UserError
from onegrain.settings import StorageType

TENSOR = "activations"
TORCH_TYPES = {
    StorageType.fp32: torch.float32,
    StorageType.fp16: torch.float16,
    StorageType.bf16: torch.bfloat16,
}
_FORMAT_NAMES = {StorageType.fp32: "F32", StorageType.fp16: "F16", StorageType.bf16: "BF16"}
_ALIGNMENT = 8


class ShardWriter:
    """A safetensors file of known size whose rows are written where they belong.

    The header says what will be there, so rows go straight to the file and memory holds none of
    them. (safetensors' own writer wants the whole tensor.)

    Args:
        path: The file, which must not be read before the writer is closed.
        rows: How many there will be.
        neurons: Values in a row.
        dtype: Number format on disk.
    """

    def __init__(self, path: Path, rows: int, neurons: int, dtype: StorageType) -> None:
        self.dtype = TORCH_TYPES[dtype]
        self.row_bytes = neurons * self.dtype.itemsize
        size = rows * self.row_bytes
        entry = {
            "dtype": _FORMAT_NAMES[dtype],
            "shape": [rows, neurons],
            "data_offsets": [0, size],
        }
        header = json.dumps({TENSOR: entry}).encode()
        header += b" " * (-len(header) % _ALIGNMENT)
        self.data_start = 8 + len(header)
        self.file: BinaryIO = path.open("wb")
        self.file.write(len(header).to_bytes(8, "little") + header)
        self.file.truncate(self.data_start + size)

    def write(self, first_row: int, values: Float[Tensor, "rows neurons"]) -> None:
        """Write neighbouring rows, beginning at ``first_row``."""
        self.file.seek(self.data_start + first_row * self.row_bytes)
        rows = values.to(self.dtype).contiguous()
        self.file.write(rows.view(torch.uint8).numpy().data)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.file.close()


def map_shard(path: Path, rows: int, neurons: int) -> Float[Tensor, "rows neurons"]:
    """Map a shard: rows are read from disk when they are used.

    Raises:
        UserError: If the file is missing, damaged or of another shape.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            values: Tensor = file.get_tensor(TENSOR)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read as recorded activations ({error})") from error
    if values.shape != (rows, neurons):
        shape = " x ".join(map(str, values.shape))
        raise UserError(f"{path}: holds {shape} values where {rows} x {neurons} were recorded")
    return values
