"""NPZ archives of unknown origin: nothing in them is executed, and they stay of a bounded size."""

import os
from typing import BinaryIO

import numpy as np
from numpy.lib.npyio import NpzFile

# Bytes of all arrays of a packed archive, once unpacked; packed they may take a thousandth.
LARGEST = 2**30


def load_npz(file: BinaryIO) -> NpzFile:
    """The arrays of an archive, each read when it is asked for; to be closed.

    A member that is no array is given as bytes.

    Raises:
      ValueError: it is no NPZ archive, or its arrays are larger than `LARGEST` and than the file.
        A damaged archive makes NumPy and zipfile raise whatever they meet, here and in reading.
    """
    arrays = np.load(file, allow_pickle=False)
    if not isinstance(arrays, NpzFile) or arrays.zip is None:
        raise ValueError("it is not an NPZ file")
    # No more than this is unpacked of a member, whatever it holds.
    size = sum(int(member.file_size) for member in arrays.zip.infolist())
    most = max(LARGEST, os.fstat(file.fileno()).st_size)
    if size > most:
        arrays.close()
        raise ValueError(f"its arrays take {size} bytes, more than {most}")
    return arrays
