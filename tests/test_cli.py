"""The command line, from a shell's side: each runs as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax import checkpoint
from stgnf_jax.cli import COMMANDS
from stgnf_jax.run_summary import save_summary
from tests.forked import run_forked
from tests.pose_formats.samples import mediapipe, openpose
from tests.small import random_model, write_data, write_spans
from tests.small_run import evaluated_run
from tests.test_run_summary import SUMMARY

ROOT = Path(__file__).parents[1]
MAIN = "from stgnf_jax.cli import main; main()"
HEAVY = "import sys; print('heavy:', [m for m in ('jax', 'flax', 'numpy') if m in sys.modules])"
CUSTOM = "--config=configs/custom.py"
NO_CACHE = "--config.data.cache_dir="


def stgnf(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_forked(*map(str, arguments))


def afresh(*arguments: object, code: str = MAIN) -> subprocess.CompletedProcess[str]:
    """As a process that has to import everything."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )


def succeed(*arguments: object, run: Callable[..., Any] = stgnf) -> str:
    done: subprocess.CompletedProcess[str] = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("flag", ["--help", "-h", "help", None])
def test_help(flag: str | None) -> None:
    done = afresh(*([flag] if flag else []), code=f"{MAIN}; {HEAVY}")
    assert done.returncode == 0
    assert "usage: stgnf COMMAND [flags]" in done.stdout
    for name, command in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert command.summary in done.stdout
    assert done.stdout.endswith("heavy: []\n")
    assert not done.stderr


def test_an_interrupted_command_says_so_in_a_line() -> None:
    code = """if True:
        from stgnf_jax import cli
        def run(*_): raise KeyboardInterrupt
        cli.COMMANDS["runs"] = cli.COMMANDS["runs"]._replace(run=run)
        cli.main()"""
    done = afresh("runs", "DIR", code=code)
    assert (done.returncode, done.stderr) == (130, "stgnf runs: interrupted\n")


def test_an_evaluation_imports_nothing_slow_that_it_does_not_use() -> None:
    slow = ("matplotlib", "sklearn", "scipy.stats", "tensorboardX", "PIL")
    code = f"import sys, stgnf_jax.evaluation; print([m for m in {slow} if m in sys.modules])"
    assert afresh(code=code).stdout == "[]\n"


@pytest.mark.parametrize(
    ("name", "mentioned"),
    [
        ("check-data", ("--config", "--[no]skip_bad", "--format", "<text|json>")),
        ("train", ("--config", "--workdir", "--[no]skip_bad")),
        ("score", ("--config", "--checkpoint", "--out", "--[no]skip_bad")),
        ("evaluate", ("--config", "--checkpoint", "--out", "--[no]skip_bad", "--[no]pictures")),
        ("import-checkpoint", ("FILE OUT",)),
        ("convert-poses", ("IN OUT", "--format", "--first_frame", "--missing", "--[no]overwrite")),
        ("label", ("SPANS", "--config", "--out", "--num_frames", "--[no]overwrite")),
        ("stream", ("--config", "--checkpoint", "--input", "--[no]follow", "--max_people")),
        ("watch", ("--config", "--checkpoint", "--input", "--host", "--port")),
        ("replay", ("--config", "--fps")),
        ("calibrate", ("--config", "--checkpoint", "--fps", "--scene", "--[no]skip_bad")),
        ("keep-windows", ("--config", "--checkpoint", "--count")),
        ("alarms", ("OUT", "--threshold", "--per_hour", "--confidence", "--[no]best_f1")),
        ("drift", ("OUT",)),
        ("runs", ("DIR", "--sort", "<name|status|", "--format", "<table|csv|json>")),
        ("report", ("RUN", "--out", "--poses")),
        ("export", ("--config", "--checkpoint", "--out", "--[no]onnx", "--per_hour")),
        ("reproduce", ("--data", "--checkpoint", "--only", "--seeds", "--set", "--out")),
        ("demo", ("--out", "--seed")),
    ],
)
def test_help_of_a_command(name: str, mentioned: tuple[str, ...]) -> None:
    done = afresh(name, "--help", code=f"{MAIN}; {HEAVY}")
    assert done.returncode == 0
    assert f"usage: stgnf {name} " in done.stdout
    for text in mentioned:
        assert text in done.stdout
    assert done.stdout.endswith("heavy: []\n")
    assert not done.stderr


def test_every_command_is_tested_for_help() -> None:
    tested = {
        "check-data",
        "train",
        "score",
        "evaluate",
        "import-checkpoint",
        "convert-poses",
        "label",
        "stream",
        "watch",
        "replay",
        "calibrate",
        "keep-windows",
        "alarms",
        "drift",
        "runs",
        "report",
        "export",
        "reproduce",
        "demo",
    }
    assert set(COMMANDS) == tested


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trian",), "stgnf: there is no command 'trian'; there are train, score, "),
        (("train", "--workdir=x"), "flag --config=None: Flag --config must have a value"),
        (("train",), "flag --workdir=None: Flag --workdir must have a value"),
        (("score", "--out=x"), "flag --checkpoint=None: Flag --checkpoint must have"),
        (("evaluate", "--checkpoint=x"), "flag --out=None: Flag --out must have a value"),
        (("train", "--wrokdir=x"), "Unknown command line flag 'wrokdir'"),
        (("demo", "--seed=-1"), "flag --seed=-1: -1 is not a non-negative integer"),
        (("import-checkpoint",), "stgnf import-checkpoint: expected FILE OUT, got nothing"),
        (("import-checkpoint", "a"), "stgnf import-checkpoint: expected FILE OUT, got a"),
        (("import-checkpoint", "a", "b", "c"), "expected FILE OUT, got a b c"),
        (("convert-poses", "a"), "stgnf convert-poses: expected IN OUT, got a"),
        (
            ("convert-poses", "a", "b", "--format=bvh"),
            "value should be one of <alphapose|chad|coco|",
        ),
        (("convert-poses", "a", "b", "--max_gap=-1"), "-1 is not a non-negative integer"),
        (("label", "a"), "flag --out=None: Flag --out must have a value"),
        (("stream", CUSTOM), "flag --checkpoint=None: Flag --checkpoint must have"),
        (("stream", CUSTOM, "--checkpoint=x", "--smoothing=0"), "0.0 is not number >= 0.1"),
        (("replay", CUSTOM, "--fps=-1"), "-1.0 is not a non-negative number"),
        (
            ("alarms", "a"),
            "stgnf alarms: give exactly one of --threshold, --best_f1 and --per_hour",
        ),
        (("drift",), "stgnf drift: expected OUT, got nothing"),
        (("calibrate", CUSTOM), "flag --checkpoint=None: Flag --checkpoint must have a value"),
        (("runs",), "stgnf runs: expected DIR, got nothing"),
        (("report",), "stgnf report: expected RUN, got nothing"),
        (("runs", "a", "--sort=size"), "value should be one of <name|status|"),
        (("runs", "a", "--format=xml"), "value should be one of <table|csv|json>"),
        (("check-data",), "flag --config=None: Flag --config must have a value"),
        (("check-data", CUSTOM, "--format=csv"), "value should be one of <text|json>"),
        (("demo", "now"), "stgnf demo: expected nothing beside flags, got now"),
    ],
)
def test_a_wrong_command_line(arguments: tuple[str, ...], message: str) -> None:
    done = stgnf(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def assert_one_line(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Status 1 and one line on stderr, with all the parts."""
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    for part in parts:
        assert part in done.stderr


def test_an_argument_that_is_far_too_long() -> None:
    done = stgnf("demo", "--" + "x" * 5000)
    assert_one_line(done, "stgnf demo: has an argument that is far too long for a flag")


@pytest.mark.parametrize(
    ("config", "override", "parts"),
    [
        ("configs/custom.py", "--config.data.rot=x", ["unknown name 'rot'", '"root"']),
        ("configs/custom.py", "--config.datum.root=x", ["unknown name 'datum'"]),
        ("{tmp}/syntax.py", None, ["invalid syntax (syntax.py, line 1)"]),
        ("{tmp}/no_function.py", None, ["has no attribute 'get_config'"]),
    ],
)
def test_a_configuration_that_cannot_be_loaded(
    tmp_path: Path, config: str, override: str | None, parts: list[str]
) -> None:
    (tmp_path / "syntax.py").write_text("def get_config(:\n")
    (tmp_path / "no_function.py").write_text("seed = 1\n")
    arguments = [f"--config={config.format(tmp=tmp_path)}", *([override] if override else [])]
    done = stgnf("train", *arguments, f"--workdir={tmp_path / 'run'}")
    assert_one_line(done, "stgnf train: configuration: ", *parts)


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["--config=configs/none.py", "--config.seed=1"], "configs/none.py"),
        (["--config", "configs"], "configs"),
        (["--config=configs/none.py:lstm"], "configs/none.py"),
    ],
)
def test_a_configuration_that_is_no_file(arguments: list[str], file: str) -> None:
    done = stgnf("train", *arguments, "--workdir=RUN")
    assert_one_line(done, f"stgnf train: --config={file} is no file; look into configs/")


def test_a_configuration_value_of_another_type(tmp_path: Path) -> None:
    done = stgnf("train", CUSTOM, "--config.training.epochs=many", f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 1
    assert "flag --config.training.epochs=many: invalid literal for int()" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def data(tmp_path: Path) -> str:
    return f"--config.data.root={write_data(tmp_path / 'data')}"


def test_input_errors_are_one_line(tmp_path: Path, data: str) -> None:
    (tmp_path / "data/pose/train/0.json").write_text("[]")
    done = stgnf("train", CUSTOM, data, NO_CACHE, f"--workdir={tmp_path / 'run'}")
    assert_one_line(done, "stgnf train: ", "0.json: holds [], expected an object of persons")
    done = stgnf(
        "score", CUSTOM, data, NO_CACHE, f"--checkpoint={tmp_path}", f"--out={tmp_path / 'out'}"
    )
    assert_one_line(done, "stgnf score: ", "model.json: is no checkpoint")
    done = stgnf("import-checkpoint", tmp_path / "data/pose/train/1.json", tmp_path / "out")
    assert_one_line(done, "stgnf import-checkpoint: ", "1.json: is not a zip archive")


def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, data: str) -> None:
    checkpoint.save(tmp_path / "run", random_model())
    for file in (tmp_path / "run").glob("checkpoints/0/variables/d/*"):
        file.write_bytes(b"garbage")
    run, out = f"--checkpoint={tmp_path / 'run'}", f"--out={tmp_path / 'out'}"
    done = stgnf("score", CUSTOM, data, NO_CACHE, run, out)
    assert_one_line(done, "stgnf score: ", "run: step 0 cannot be read")


def test_train(tmp_path: Path, data: str) -> None:
    file = tmp_path / "data/pose/train/0.json"
    file.write_text(file.read_text().replace("[", '["left", ', 1))
    printed = succeed(
        *("train", CUSTOM, data, NO_CACHE, f"--workdir={tmp_path / 'run'}", "--skip_bad"),
        *("--config.model.segment_length=8", "--config.model.num_steps=1"),
        *("--config.training.epochs=1", "--config.data.resolution=1920,1080", "--config.seed=3"),
        run=afresh,
    )
    assert f"the model is in {tmp_path / 'run'}" in printed
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert f"AUC {metrics['auc_micro']:.6f} (micro, 48 frames of 2 clips, 68 windows)" in printed
    low, high = metrics["intervals"]["eer"]
    assert f"equal error rate   {metrics['eer']:.4f}  {low:.4f} to {high:.4f}" in printed
    assert "RBDC               not computed: config.data.track_truth" in printed
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["seed"] == 3
    assert config["data"]["skip_bad"] is True
    model = checkpoint.load(tmp_path / "run")
    assert model.resolution == (1920, 1080)
    assert model.config.num_steps == 1


def test_report(tmp_path: Path) -> None:
    run = evaluated_run(tmp_path)
    assert succeed("report", run) == f"the report is {run}/report.html\n"
    file = tmp_path / "other.html"
    assert succeed("report", run, f"--out={file}", f"--poses={tmp_path}/data/pose/test")
    assert file.read_bytes() == (run / "report.html").read_bytes()
    assert_one_line(stgnf("report", tmp_path), "stgnf report: ", "scores.npz: is missing; give")


def test_check_data(tmp_path: Path, data: str) -> None:
    length = "--config.model.segment_length=8"
    printed = succeed("check-data", CUSTOM, data, NO_CACHE, length)
    assert printed.startswith("0 errors\n0 warnings\n3 facts\n")
    file = tmp_path / "data/pose/train/0.json"
    file.write_text(file.read_text().replace("[", '["left", ', 1))
    done = stgnf("check-data", CUSTOM, data, NO_CACHE, length, "--format=json")
    assert done.returncode == 1
    assert not done.stderr
    error = json.loads(done.stdout)[0]
    assert error["severity"] == "error"
    assert error["place"] == str(file)
    assert error["message"].startswith("person 1: frame 0: keypoints: has 52 numbers")
    printed = succeed("check-data", CUSTOM, data, NO_CACHE, length, "--skip_bad")
    assert printed.startswith(f"0 errors\n1 warning\n  {file}: person 1: frame 0: ")


def test_runs(tmp_path: Path) -> None:
    save_summary(tmp_path / "a", SUMMARY)
    save_summary(tmp_path / "b", SUMMARY._replace(loss=1.5, config={"seed": 4}))
    at_exit = f"import atexit; atexit.register(lambda: exec({HEAVY!r}, {{}}))"
    done = afresh("runs", tmp_path, "--sort=loss", code=f"{at_exit}; {MAIN}")
    assert done.returncode == 0, done.stderr
    first = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert first.index("b") < first.index("a") < first.index("configuration") < first.index("seed")
    assert done.stdout.endswith("heavy: []\n")
    found = json.loads(succeed("runs", "--format=json", tmp_path))
    assert [run["loss"] for run in found] == [None, 1.5]
    assert_one_line(stgnf("runs", tmp_path / "c"), "stgnf runs: ", "c: holds no runs: ")


def test_convert_poses(tmp_path: Path) -> None:
    source = mediapipe(tmp_path / "in").parent
    flags = (source, tmp_path / "out", "--first_frame=0")
    assert_one_line(
        stgnf("convert-poses", *flags), "stgnf convert-poses: ", "clip.json: has coordinates that"
    )
    done = stgnf("convert-poses", *flags, "--resolution=1024")
    assert_one_line(done, "--resolution: is 1024, expected WIDTH,HEIGHT")
    source = openpose(tmp_path / "in again")
    next(iter(sorted(source.iterdir()))).unlink()
    assert succeed("convert-poses", source, tmp_path / "out") == (
        "1 clips: 2 people in 2 frames, 4 detections\n"
        "joints: 0 interpolated, 0 missing\n"
        "detections left out: 0 for missing joints, 0 without a track, 0 of a person who is in the "
        "frame already\n"
        "no frame 0 has people; if frames are counted from 1, give --first_frame=1\n"
    )
    assert sorted(json.loads((tmp_path / "out/clip.json").read_text())) == ["1", "2"]


def test_label(tmp_path: Path, data: str) -> None:
    spans = write_spans(tmp_path / "spans.csv", ("a", 1, 8, 19, "abnormal"))
    masks = tmp_path / "masks"
    printed = succeed("label", spans, CUSTOM, data, NO_CACHE, f"--out={masks}", "--num_frames=30")
    assert printed == f"masks of 2 clips are in {masks}: 12 of 60 frames are abnormal\n"
    assert np.flatnonzero(np.load(masks / "a.npy")).tolist() == list(range(8, 20))
    again = stgnf("label", spans, CUSTOM, data, NO_CACHE, f"--out={masks}")
    assert_one_line(again, "stgnf label: ", "a.npy: exists; remove it, or give --overwrite")


def test_thresholds(tmp_path: Path, data: str) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    checkpoint.save(run, random_model())
    where = (CUSTOM, data, NO_CACHE, f"--checkpoint={run}")
    printed = succeed("calibrate", *where, "--config.data.calibration_poses=pose/train", "--fps=24")
    # Six people in three clips of a second.
    assert printed == (
        "102 windows of 6 normal tracks in 0.0008333 hours, for 1.2e+03 false alarms an hour or "
        f"more\nnormal_scores.npz is in {run}\n"
    )
    succeed("score", *where, f"--out={out}")
    printed = succeed("alarms", out, "--per_hour=2500")
    assert "2400 false alarms an hour in the mean over calibrations, 5693 at most in 95" in printed
    kept = succeed("keep-windows", *where, "--count=9")
    assert kept.startswith(f"9 normal windows are in {run}/normal_windows.npz, 0.0 MB")
    alarms = len((out / "alarms.csv").read_text().splitlines()) - 1
    assert printed.endswith(f"{alarms} alarms in 2 clips are in {out}/alarms.csv\n")
    printed = succeed("drift", out)
    assert printed.startswith("4 new tracks; without a drift there is evidence as strong with a ")


def read_scores(out: Path) -> dict[str, NDArray[Any]]:
    with np.load(out / "scores.npz") as file:
        return dict(file)


def assert_close(found: NDArray[Any], golden: NDArray[Any]) -> None:
    """Within 1e-5 of the largest value there is."""
    largest = np.abs(golden).max()
    np.testing.assert_allclose(found / largest, golden / largest, rtol=0, atol=1e-5)


def evaluate_published(shared: Path, tmp_path: Path, name: str, flags: list[str]) -> dict[str, Any]:
    """Imports a published file and evaluates it: the metrics on disk."""
    file = shared / f"reference/checkpoints/{name}.tar"
    succeed("import-checkpoint", file, tmp_path / "model")
    where = (f"--checkpoint={tmp_path / 'model'}", f"--out={tmp_path / 'out'}")
    printed = succeed("evaluate", *flags, *where)
    metrics: dict[str, Any] = json.loads((tmp_path / "out/metrics.json").read_text())
    assert f"AUC {metrics['auc_micro']:.6f}" in printed
    return metrics


@pytest.mark.reference
def test_the_published_shanghaitech_model_end_to_end(shared: Path, tmp_path: Path) -> None:
    flags = [
        *("--config=configs/shanghaitech.py", "--config.data.windowing=reference", NO_CACHE),
        f"--config.data.root={shared / 'goldens/poses'}",
    ]
    more = ["--pictures", "--config.scoring.explain=2"]
    metrics = evaluate_published(shared, tmp_path, "ShanghaiTech_85_9", [*flags, *more])
    assert (tmp_path / "out/pictures/explanations.svg").exists()
    assert len(json.loads((tmp_path / "out/explanations.json").read_text())["windows"]) == 2
    with np.load(shared / "goldens/end_to_end_shanghaitech.npz") as file:
        golden = dict(file)
    assert metrics["auc_micro"] == pytest.approx(0.789366, abs=1e-5)
    counts = [metrics[f"num_{name}"] for name in ("clips", "frames", "windows")]
    assert counts == [9, 920, 984]
    assert metrics["auc_micro"] == pytest.approx(float(golden["auc"]), abs=1e-5)
    scores = read_scores(tmp_path / "out")
    assert_close(scores["window_score"], golden["window_score"])
    assert_close(scores["frame_smoothed"], golden["frame"])
    scene, clip, person, start = golden["meta"].astype(int).T
    names = [f"{s:02}_{c:04}" for s, c in zip(scene, clip, strict=True)]
    np.testing.assert_array_equal(scores["clip"], names)
    np.testing.assert_array_equal(scores["person"], person)
    np.testing.assert_array_equal(scores["start"], start)

    out = tmp_path / "scores only"
    succeed("score", *flags, f"--checkpoint={tmp_path / 'model'}", f"--out={out}")
    alone = read_scores(out)
    for name in ("window_score", "clip", "person", "start", "person_frame", "person_score"):
        np.testing.assert_array_equal(alone[name], scores[name])
    assert not (out / "metrics.json").exists()


@pytest.mark.reference
def test_the_published_ubnormal_model_end_to_end(shared: Path, tmp_path: Path) -> None:
    flags = [
        *("--config=configs/ubnormal.py", "--config.data.windowing=reference", NO_CACHE),
        f"--config.data.root={shared / 'goldens/ubnormal'}",
        f"--config.data.masks={shared / 'reference/data/UBnormal/gt'}",
    ]
    metrics = evaluate_published(shared, tmp_path, "UBnormal_unsupervised_71_8", flags)
    with np.load(shared / "goldens/end_to_end_ubnormal.npz") as file:
        golden = dict(file)
    assert metrics["auc_micro"] == pytest.approx(0.897427, abs=1e-5)
    assert metrics["auc_micro"] == pytest.approx(float(golden["auc"]), abs=1e-5)
    assert metrics["num_clips"] == 12
    scores = read_scores(tmp_path / "out")
    assert_close(scores["window_score"], golden["window_score"])
    assert_close(scores["frame_smoothed"], golden["frame"])
    np.testing.assert_array_equal(scores["person"], golden["meta"][:, 2].astype(int))
    np.testing.assert_array_equal(scores["start"], golden["meta"][:, 3].astype(int))
