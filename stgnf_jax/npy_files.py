"""NPY files larger than memory: written row by row, mapped, and let go of."""

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# Bytes of a mapped file that may stay in memory once they are read: to let go of them and to find
# them again takes a millisecond a batch.
_MAY_STAY = 2**29


@contextmanager
def growing_array(
    path: Path, dtype: type[np.generic], row_shape: tuple[int, ...]
) -> Iterator[Callable[[NDArray[Any]], None]]:
    """Gives a function that appends rows (R, *row_shape) to a new file, as `np.save` writes it.

    Until the end the file says that it is empty.

    Raises:
      OSError: the file cannot be written.
      ValueError: rows of another type or shape.
    """
    length = 0
    with open(path, "xb") as file:
        _write_header(file, dtype, (0, *row_shape))

        def append(rows: NDArray[Any]) -> None:
            nonlocal length
            if rows.dtype != dtype or rows.shape[1:] != row_shape:
                raise ValueError(f"{path.name}: rows of {rows.dtype} {rows.shape}")
            file.write(np.ascontiguousarray(rows).data)
            length += len(rows)

        yield append
        file.seek(0)
        _write_header(file, dtype, (length, *row_shape))


def _write_header(file: BinaryIO, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    """As long for any number of rows: NumPy keeps space for the first axis to grow."""
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def map_array(path: Path, dtype: type[np.generic]) -> NDArray[Any]:
    """The array of a file, memory-mapped, to be read only.

    Raises:
      OSError: there is no such file.
      ValueError: it is no NPY file of this type: pickles and archives are none.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError):
        raise
    except Exception as error:  # A damaged header makes numpy raise whatever its parser meets.
        raise ValueError(f"{path.name} is not an array that can be read ({error})") from error
    if array.dtype != dtype:
        raise ValueError(f"{path.name} is not an array of {np.dtype(dtype)}")
    return array


def release(array: NDArray[Any]) -> None:
    """Lets go of what was read of a large memory-mapped array; it can be read again as before.

    Until then the pages that were touched count as memory of this process, in the end the whole
    file. Does nothing to small files and to other arrays.
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    file = array.base
    if isinstance(file, mmap.mmap) and not array.flags.writeable and len(file) > _MAY_STAY:
        file.madvise(mmap.MADV_DONTNEED)
