from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import read_mask
from stgnf_jax.mat_masks import read_mat
from tests.benchmark_data import write_mat

AVENUE = BENCHMARKS["avenue"]
MASK = np.array([False, True, True, False, True])


def test_a_frame_with_one_pixel_is_abnormal(tmp_path: Path) -> None:
    write_mat(tmp_path / "7_label.mat", MASK)
    np.testing.assert_array_equal(read_mat(tmp_path / "7_label.mat"), MASK)
    np.testing.assert_array_equal(read_mask(tmp_path, "07", AVENUE), ~MASK)
    np.testing.assert_array_equal(read_mask(tmp_path, "7", AVENUE), ~MASK)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float64])
def test_pixels_of_any_type(tmp_path: Path, dtype: type) -> None:
    images = np.empty((1, 2), object)
    images[0, 0], images[0, 1] = np.zeros((2, 3), dtype), np.eye(2, 3, dtype=dtype)
    savemat(tmp_path / "m.mat", {"volLabel": images, "other": "text"}, do_compression=True)
    np.testing.assert_array_equal(read_mat(tmp_path / "m.mat"), [False, True])


def test_a_missing_mask_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"/7_label\.mat: is missing; the mask of clip 07"):
        read_mask(tmp_path, "07", AVENUE)


def cells(*values: object) -> np.ndarray:
    found = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        found[0, place] = value
    return found


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"mask": np.zeros(3)}, "volLabel: is missing"),
        ({"volLabel": np.zeros((3, 4))}, "volLabel: is no row of cells"),
        ({"volLabel": np.full((2, 2), 1, object)}, "volLabel: is no row of cells"),
        ({"volLabel": cells(np.zeros((2, 2)), "x")}, r"volLabel\{2\}: is no array of numbers"),
        ({"volLabel": cells(np.zeros((2, 2, 3)))}, "frame 0: volLabel: has 3 dimensions, expected"),
    ],
)
def test_what_is_no_mask_is_refused(
    tmp_path: Path, variables: dict[str, Any], message: str
) -> None:
    savemat(tmp_path / "1_label.mat", variables)
    with pytest.raises(InputError, match=rf"1_label\.mat: {message}"):
        read_mask(tmp_path, "01", AVENUE)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"MATLAB", b"\x93NUMPY" + bytes(200), b"MATLAB 7.3 MAT-file" + bytes(500)):
        (tmp_path / "1_label.mat").write_bytes(content)
        with pytest.raises(InputError, match=r"1_label\.mat: is no MATLAB file up to version 7"):
            read_mask(tmp_path, "01", AVENUE)
