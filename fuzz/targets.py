"""Every reader of what may come from elsewhere, as a function of bytes.

Anything that a reader raises and that is not in `REFUSALS` is a finding.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import flags
from ml_collections import config_flags

from stgnf_jax import load_export
from stgnf_jax.abnormal_objects import read_abnormal_objects
from stgnf_jax.cache import load_folder
from stgnf_jax.calibration_file import CALIBRATION_FILE, load_calibration
from stgnf_jax.checkpoint import load, load_description
from stgnf_jax.clip_list import only_listed
from stgnf_jax.config import check_config, default_config, flow_config
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import read_mask
from stgnf_jax.instance_masks import abnormal_on_masks
from stgnf_jax.label_spans import read_spans
from stgnf_jax.metrics_file import METRICS_FILE, load_metrics
from stgnf_jax.normal_scores_file import NORMAL_SCORES_FILE, load_normal_scores
from stgnf_jax.normal_windows_file import NORMAL_WINDOWS_FILE, load_normal_windows
from stgnf_jax.pose_formats.clip_files import find_clips
from stgnf_jax.pose_formats.clip_poses import once, read_clip
from stgnf_jax.pose_formats.gaps import fill_gaps
from stgnf_jax.pose_formats.registry import FORMATS
from stgnf_jax.pose_json import read_people
from stgnf_jax.poses import Tracks
from stgnf_jax.run_folder import check_same_config
from stgnf_jax.run_log import LOG_FILE, read_log
from stgnf_jax.run_summary import SUMMARY_FILE, load_summary
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_files import SCORES_FILE
from stgnf_jax.score_origin import ORIGIN_FILE, load_origin
from stgnf_jax.skeleton import load_skeleton
from stgnf_jax.stream_lines import read_line
from stgnf_jax.torch_archive import read_torch_archive
from stgnf_jax.track_truth import read_track_truth

REFUSALS = (InputError, load_export.ExportError, flags.Error)
RUN = Path(__file__).parents[1] / "tests" / "data" / "checkpoint_v2"
KEYPOINTS = [1.5, 2.0, 0.9] * 17
POSES = json.dumps({"1": {"0001": {"keypoints": KEYPOINTS, "scores": 2.0}}}).encode()
WEIGHTS = load_normal_scores(RUN).weights
CLIP = "abnormal_scene_1_scenario_1"

Read = Callable[[bytes], object]
Target = Callable[[Path], Read]


def _file(name: str, read: Callable[[Path], object]) -> Target:
    """A reader of a file of this name, given the file."""

    def at(scratch: Path) -> Read:
        def run(raw: bytes) -> object:
            (scratch / name).write_bytes(raw)
            return read(scratch / name)

        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        return run

    return at


def _in_run(name: str, read: Callable[[Path], object]) -> Target:
    """A reader of a file of this name in a folder with a whole run, given the folder."""

    def at(scratch: Path) -> Read:
        shutil.copytree(RUN, scratch, dirs_exist_ok=True)
        return _file(name, lambda file: read(file.parent))(scratch)

    return at


def _checkpoint(scratch: Path) -> Read:
    """A whole run, of which the file that the first byte tells holds the other bytes."""
    shutil.copytree(RUN, scratch, dirs_exist_ok=True)
    inner = ("checkpoints/**/*", "model.json")
    files = [path for glob in inner for path in sorted(scratch.glob(glob)) if path.is_file()]

    def run(raw: bytes) -> object:
        file = files[(raw or b"\0")[0] % len(files)]
        before = file.read_bytes()
        file.write_bytes(raw[1:])
        try:
            return load(scratch)
        finally:
            file.write_bytes(before)

    return run


def _poses(file: Path) -> object:
    """As `convert-poses` reads them, up to the tracks."""
    (clip,) = find_clips(file, tuple(FORMATS))
    poses = read_clip(clip, tuple(FORMATS), None, lambda: None)
    return fill_gaps(once(poses), "interpolate", 10)


def _people(raw: bytes) -> object:
    """Both ways of reading a pose file: with every fault reported, and up to the first."""
    faults: list[InputError] = []
    read_people(raw, 17, "numeric", faults.append)

    def fail(error: InputError) -> None:
        raise error

    return read_people(raw, 17, "string", fail)


def _config(raw: bytes) -> object:
    """Lines of `SECTION.FIELD=VALUE` as they are set on the command line, and then checked.

    Configuration files are Python, and so code by design: what lies in them is run.
    """
    # absl looks for names like one that it does not know, slower with every letter of it.
    lines = [line for line in raw.decode("utf-8", "replace").splitlines() if len(line) < 60]
    words = ["stgnf", *(f"--config.{line}" for line in lines)]
    values = flags.FlagValues()
    default = default_config()
    try:
        config_flags.DEFINE_config_dict("config", default, flag_values=values, sys_argv=words)
        values(words)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise flags.Error from error  # as `stgnf` does, which says which name it does not know
    check_config(values.config)
    return flow_config(values.config.model)


def _cache_entry(scratch: Path) -> Read:
    """A folder of one pose file and its cache, of which the first byte tells the file."""
    poses, cache = scratch / "poses", scratch / "cache"
    poses.mkdir()
    (poses / "01_0001_alphapose_tracked_person.json").write_bytes(POSES)

    def load_poses() -> object:
        return load_folder(
            poses,
            pose_file=BENCHMARKS["shanghaitech"].pose_file,
            skeleton=load_skeleton("openpose18"),
            cache_dir=cache,
        )

    def run(raw: bytes) -> object:
        (entry,) = cache.iterdir()
        files = sorted(entry.iterdir())
        files[(raw or b"\0")[0] % len(files)].write_bytes(raw[1:])
        return load_poses()

    load_poses()
    return run


def _calibration(folder: Path) -> object:
    description = load_description(folder)
    return load_calibration(folder, description.flow, description.members)


def _normal_windows(folder: Path) -> object:
    return load_normal_windows(folder, load_description(folder).flow, WEIGHTS)


def _listed(file: Path) -> object:
    folder = file.parent / "poses"
    folder.mkdir(exist_ok=True)
    (folder / "01_0001_alphapose_tracked_person.json").write_bytes(b"{}")
    return only_listed(BENCHMARKS["shanghaitech"], file, folder)


def _image(file: Path) -> object:
    """An image of objects, below one person in the frame in which object 1 is abnormal."""
    (file.parent / f"{CLIP}_tracks.txt").write_bytes(b"1,0,0\n")
    keypoints = np.ones((1, 18, 3), np.float32)
    one = np.zeros(1, np.int32)
    score, person = np.zeros(1, np.float32), np.zeros(1, np.int64)
    tracks = Tracks(keypoints, score, one, person, one, np.array([0, 1]), (CLIP,))
    return abnormal_on_masks(file.parents[2], tracks)


def _mask(name: str) -> Target:
    """A mask of a benchmark's clip `a`, in its format."""
    benchmark = BENCHMARKS[name]
    return _file(benchmark.mask_name("a"), lambda file: read_mask(file.parent, "a", benchmark))


TARGETS: dict[str, Target] = {
    "abnormal_objects": _file("tracks.txt", read_abnormal_objects),
    "cache_entry": _cache_entry,
    "calibration": _in_run(CALIBRATION_FILE, _calibration),
    "checkpoint": _checkpoint,
    "clip_list": _file("clips.txt", _listed),
    "config": lambda _: _config,
    "export_facts": _file("facts.json", lambda file: load_export.read_facts(file.parent)),
    "instance_mask": _file(f"Scene1/{CLIP}_annotations/{CLIP}_0000_gt.png", _image),
    "mask_mat": _mask("avenue"),
    "mask_npy": _mask("custom"),
    "mask_npz": _mask("nwpu_campus"),
    "metrics": _file(METRICS_FILE, lambda file: load_metrics(file.parent)),
    "model": _file("model.json", lambda file: load_description(file.parent)),
    "normal_scores": _file(NORMAL_SCORES_FILE, lambda file: load_normal_scores(file.parent)),
    "normal_windows": _in_run(NORMAL_WINDOWS_FILE, _normal_windows),
    "origin": _file(ORIGIN_FILE, lambda file: load_origin(file.parent)),
    "pose_file": lambda _: _people,
    "poses_csv": _file("clip.csv", _poses),
    "poses_frame_csv": _file("clip/video_0001.csv", lambda file: _poses(file.parent)),
    "poses_frame_json": _file("clip/video_0001_keypoints.json", lambda file: _poses(file.parent)),
    "poses_json": _file("clip.json", _poses),
    "poses_npy": _file("clip.npy", _poses),
    "poses_pickle": _file("clip.pkl", _poses),
    "run_config": _in_run("config.json", lambda run: check_same_config(default_config(), run)),
    "run_log": _file(LOG_FILE, lambda file: read_log(file.parent)),
    "saved_scores": _file(SCORES_FILE, lambda file: load_scores(file.parent)),
    "skeleton": _file("skeleton.json", load_skeleton),
    "spans_csv": _file("spans.csv", lambda file: read_spans(file, everybody=True)),
    "spans_json": _file("spans.json", lambda file: read_spans(file, everybody=True)),
    "stream_line": lambda _: lambda raw: read_line(raw, 17),
    "summary": _file(SUMMARY_FILE, lambda file: load_summary(file.parent)),
    "torch_archive": _file("checkpoint.tar", read_torch_archive),
    "track_truth": _file(
        "clip.csv", lambda file: read_track_truth(file.parent, ["clip"], [np.zeros(9, bool)])
    ),
}
