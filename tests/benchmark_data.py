"""A small data set in the form of each benchmark: two test clips, ground truth as distributed."""

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray
from scipy.io import savemat

from stgnf_jax.ground_truth import READERS
from tests.small import ABNORMAL, NUM_FRAMES, small_config, walk, write_clip

CONFIGS = Path(__file__).parents[1] / "configs"
TRACKED = "_alphapose_tracked_person.json"


class Form(NamedTuple):
    """How the files of one benchmark are called.

    Attributes:
      clips: two test clips; people thrash about in the second one.
      poses: the ending of their pose files.
      masks: the folder of the masks.
      mask_files: the clips' masks, or the one file that holds both.
      normal: the number that is written for a normal frame.
    """

    clips: tuple[str, str]
    poses: str
    masks: str
    mask_files: tuple[str, ...]
    normal: int = 0


FRAME_MASKS = "gt/test_frame_mask"
SHANGHAITECH = Form(("01_0014", "12_0142"), TRACKED, FRAME_MASKS, ("01_0014.npy", "12_0142.npy"))
UBNORMAL = Form(
    ("abnormal_scene_1_scenario_1", "normal_scene_2_scenario1_fog"),
    TRACKED,
    "gt",
    ("abnormal_scene_1_scenario_1_tracks.txt", "normal_scene_2_scenario1_fog_tracks.txt"),
    normal=1,
)
FORMS = {
    "shanghaitech": SHANGHAITECH,
    "shanghaitech_hr": SHANGHAITECH,
    "ubnormal": UBNORMAL,
    "ubnormal_supervised": UBNORMAL,
    "avenue": Form(
        ("01", "20"),
        ".json",
        "ground_truth_demo/testing_label_mask",
        ("1_label.mat", "20_label.mat"),
    ),
    "chad": Form(
        ("1_092_1", "4_003_0"), ".json", "CHAD_Meta/anomaly_labels", ("1_092_1.npy", "4_003_0.npy")
    ),
    "poselift": Form(("01_0222", "06_0003"), TRACKED, FRAME_MASKS, ("01_0222.npy", "06_0003.npy")),
    "nwpu_campus": Form(("D001_01", "D043_12"), ".json", "groundtruth", ("NWPU_Campus_gt.npz",)),
    "custom": Form(("gate 3", "hall"), ".json", FRAME_MASKS, ("gate 3.npy", "hall.npy")),
}


def abnormal_frames() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of both clips: nothing happens in the first, something in the second."""
    happens = np.zeros(NUM_FRAMES, bool)
    happens[ABNORMAL] = True
    return np.zeros(NUM_FRAMES, bool), happens


def write_benchmark(root: Path, name: str) -> ConfigDict:
    """Writes the data set and gives the configuration of `configs/NAME.py`, made small."""
    form = FORMS[name]
    config = config_of(name, root)
    clips = (walk(100), walk(200, ABNORMAL))
    for clip, person in zip(form.clips, clips, strict=True):
        write_clip(root / f"pose/test/{clip}{form.poses}", [person])
    folder = root / form.masks
    folder.mkdir(parents=True)
    write = {"npy": _write_npy, "mat": _write_mat, "npz": _write_npz}
    ending = form.mask_files[0].rpartition(".")[2]
    write[ending if ending in READERS else "npy"](folder, form)
    return config


def config_of(name: str, root: Path) -> ConfigDict:
    """The configuration of `configs/NAME.py` with the windows and flow of `small_config`."""
    spec = importlib.util.spec_from_file_location(name, CONFIGS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config, small = module.get_config(), small_config(root)
    config.data.root, config.data.cache_dir = small.data.root, small.data.cache_dir
    config.model, config.training = small.model, small.training
    return config


def _write_npy(folder: Path, form: Form) -> None:
    for file, abnormal in zip(form.mask_files, abnormal_frames(), strict=True):
        with open(folder / file, "wb") as out:
            np.save(out, np.where(abnormal, 1 - form.normal, form.normal))


def _write_mat(folder: Path, form: Form) -> None:
    for file, abnormal in zip(form.mask_files, abnormal_frames(), strict=True):
        write_mat(folder / file, abnormal)


def write_mat(path: Path, abnormal: NDArray[np.bool_]) -> None:
    """Avenue's form: a cell array of images, which have a few ones where a frame is abnormal."""
    images = np.empty((1, len(abnormal)), object)
    for frame, happens in enumerate(abnormal):
        images[0, frame] = np.zeros((4, 6), np.uint8)
        images[0, frame][1:3, 2] = happens
    savemat(path, {"volLabel": images})


def _write_npz(folder: Path, form: Form) -> None:
    masks: dict[str, Any] = {
        clip: abnormal.astype(np.int64)
        for clip, abnormal in zip(form.clips, abnormal_frames(), strict=True)
    }
    (file,) = form.mask_files
    np.savez(folder / file, **masks)
