"""Experiments of the paper on a few small clips, from poses to the report."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.ensemble_scores import MemberScores
from stgnf_jax.evaluation import evaluate
from stgnf_jax.model import Model
from stgnf_jax.reproduction import running
from stgnf_jax.reproduction.command_line import parse_given
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.measures import measure
from stgnf_jax.reproduction.outcome import DONE, FAILED, MISSING, Outcome
from stgnf_jax.reproduction.paper import AUC, RBDC, TBDC
from stgnf_jax.reproduction.paper_rows import OWN_ABNORMAL
from stgnf_jax.reproduction.plan import Given, plan
from stgnf_jax.reproduction.reproduce import reproduce
from stgnf_jax.skeleton import load_skeleton
from stgnf_jax.training import train
from tests.small import ABNORMAL, walk, write_clip, write_data
from tests.test_cli import stgnf, succeed

# Batches of one track's windows and their mirror images, so that most trainings share programs.
SETTINGS = (
    *("data.cache_dir=", "data.train_stride=2", "model.segment_length=4", "model.num_steps=1"),
    *("training.epochs=1", "training.batch_size=22", "data.track_truth=gt/boxes"),
)
SEEDS = 2
CURVES = {name for name, experiment in EXPERIMENTS.items() if experiment.axis}
ALL = tuple(EXPERIMENTS)


def write_boxes(file: Path, person: NDArray[np.float64]) -> None:
    """A track of the boxes of the person who thrashes about, see `write_data`."""
    frames = range(ABNORMAL.start, ABNORMAL.stop)
    boxes = [(*person[frame, :, :2].min(0), *person[frame, :, :2].max(0)) for frame in frames]
    lines = [",".join(map(str, (1, frame, *box))) for frame, box in zip(frames, boxes, strict=True)]
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_data(tmp_path_factory.mktemp("data"))
    for clip in range(2):
        write_clip(root / OWN_ABNORMAL / f"{clip}.json", [walk(30 + clip, slice(0, 24))])
    for name, seed in (("a", 101), ("b", 201)):
        write_boxes(root / f"gt/boxes/{name}.csv", walk(seed, ABNORMAL))
    return root


@pytest.fixture(scope="module")
def given(data: Path) -> Given:
    return parse_given([f"own={data}"], [], SETTINGS, SEEDS, curve_values=1)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def outcomes(given: Given, out: Path) -> list[Outcome]:
    return reproduce(ALL, given, out, print)


def of_own(outcomes: list[Outcome], experiment: str) -> list[Outcome]:
    return [
        outcome
        for outcome in outcomes
        if outcome.planned.experiment == experiment and outcome.planned.row.tested_on == "own"
    ]


def test_all_experiments_run_on_a_set_of_ones_own(outcomes: list[Outcome]) -> None:
    counts = {name: len(of_own(outcomes, name)) for name in EXPERIMENTS}
    assert counts == {
        **{"table1": 1, "table2": 1, "table3": 1, "affine_layer": 3, "space_time": 3},
        **{"zero_shot": 2, "figure5": 1, "figure6": 2, "figure8": 2, "figure9": 2},
        **{"figure10": 2, "figure11": 2, "figure12": 1, "figure13": 1},
    }
    for outcome in outcomes:
        own = outcome.planned.row.tested_on == "own"
        assert outcome.status == (DONE if own else MISSING), outcome
        if own:
            assert len(outcome.figures[AUC].seeds) == SEEDS
            assert 0 <= outcome.figures[AUC].together <= 100


def test_rows_share_a_training(outcomes: list[Outcome], out: Path) -> None:
    whole = [o for o in outcomes if o.status == DONE and o.planned.run == "own"]
    assert {o.planned.experiment for o in whole} == {
        *("table1", "table3", "affine_layer", "space_time", "zero_shot", "figure5", "figure6"),
        *("figure8", "figure9", "figure10", "figure11", "figure12"),
    }
    assert len({o.figures[AUC] for o in whole}) == 1
    runs = {o.planned.run for o in outcomes if o.status == DONE}
    assert {path.name for path in (out / "runs").iterdir()} == runs


@pytest.mark.usefixtures("outcomes")
def test_the_report_has_every_row_and_picture(out: Path) -> None:
    report = (out / "report.md").read_text()
    assert re.findall(r"^## .* \(`(\w+)`\)$", report, re.MULTILINE) == list(EXPERIMENTS)
    assert "needs --data=shanghaitech=DIR" in report
    assert "needs --data=ubnormal=DIR" in report
    assert "needs --data=shanghaitech=DIR and --checkpoint=shanghaitech=FILE" in report
    assert "not run yet" not in report
    assert "| shanghaitech | unsupervised | AUC | 85.9 |" in report
    assert "| Morais et al. [29] (poses) | 73.4 |" in report
    pictures = re.findall(r"!\[.*\]\((.*)\)", report)
    curves = [f"figures/{name}.png" for name in CURVES]
    assert set(curves) < set(pictures)
    assert {
        *("figures/figure5_own_curves.png", "figures/figure12_own_people.png"),
        *("figures/figure13_own_curves.png", "figures/figure13_own_people.png"),
    } == set(pictures) - set(curves)
    for picture in pictures:
        assert (out / picture).stat().st_size
        assert (out / picture).with_suffix(".svg").stat().st_size


def test_the_reports_numbers_are_those_of_the_members(outcomes: list[Outcome], out: Path) -> None:
    (outcome,) = of_own(outcomes, "table1")
    metrics = json.loads((out / "runs/own/metrics.json").read_text())
    auc = outcome.figures[AUC]
    assert auc.seeds == tuple(100 * value for value in metrics["auc_micro_members"])
    assert auc.together == 100 * metrics["auc_micro"]
    shown = f"| own | unsupervised | AUC | (85.9) | {auc.mean:.1f} ± {auc.std:.1f} |"
    assert shown in (out / "report.md").read_text()
    records = json.loads((out / "results.json").read_text())
    assert len(records) == len(outcomes)
    (record,) = (
        each for each in records if (each["experiment"], each["tested_on"]) == ("table1", "own")
    )
    assert record["figures"]["AUC"]["seeds"] == list(auc.seeds)
    assert record["figures"]["AUC"]["mean"] == pytest.approx(auc.mean)


def test_boxes_are_measured_of_each_seed(outcomes: list[Outcome], out: Path) -> None:
    (outcome,) = of_own(outcomes, "table1")
    metrics = json.loads((out / "runs/own/metrics.json").read_text())
    for name, key in ((RBDC, "rbdc"), (TBDC, "tbdc")):
        assert outcome.figures[name].together == 100 * metrics[key]
        assert len(outcome.figures[name].seeds) == SEEDS
    planned = outcome.planned
    evaluation = evaluate(planned.test, out / "runs/own", out / "again")
    scored = evaluation.scored
    alone = scored._replace(members=MemberScores(scored.windows.score[None]))
    skeleton = load_skeleton("openpose18")
    figures = measure(evaluation._replace(scored=alone), planned.test, skeleton)
    assert figures[RBDC].seeds == (figures[RBDC].together,)
    assert figures[TBDC].seeds == (figures[TBDC].together,)
    assert 0 < figures[RBDC].together < 100


def test_what_was_run_is_not_run_again(
    outcomes: list[Outcome], given: Given, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [(out / name).read_bytes() for name in ("report.md", "results.json")]
    monkeypatch.setattr(running, "train", None)
    told: list[str] = []
    assert reproduce(ALL, given, out, told.append) == outcomes
    assert told == []
    assert [(out / name).read_bytes() for name in ("report.md", "results.json")] == before


def test_an_interrupted_reproduction_goes_on(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []

    def train_one(config: ConfigDict, workdir: Path) -> tuple[Model, ...]:
        if trained:
            raise KeyboardInterrupt
        trained.append(workdir.name)
        return train(config, workdir)

    def train_others(config: ConfigDict, workdir: Path) -> tuple[Model, ...]:
        trained.append(workdir.name)
        return train(config, workdir)

    monkeypatch.setattr(running, "train", train_one)
    with pytest.raises(KeyboardInterrupt):
        reproduce(["zero_shot"], given, tmp_path, print)
    report = (tmp_path / "report.md").read_text()
    assert "2 run" not in report
    assert "1 run, 1 not run yet, 2 not run for lack of data" in report
    monkeypatch.setattr(running, "train", train_others)
    outcomes = reproduce(["zero_shot"], given, tmp_path, print)
    assert trained == ["own", "own,train_poses=pose_test"]
    assert [outcome.status for outcome in outcomes] == [MISSING, MISSING, DONE, DONE]


def test_a_failure_is_reported_and_the_others_go_on(data: Path, tmp_path: Path) -> None:
    settings = (*SETTINGS, "short:model.segment_length=30")
    sets = [f"short={data}", f"own={data}"]
    told: list[str] = []
    outcomes = reproduce(["table1"], parse_given(sets, [], settings, SEEDS), tmp_path, told.append)
    found = {outcome.planned.run: outcome for outcome in outcomes[-2:]}
    assert found["own"].status == DONE
    assert found["short"].status == FAILED
    reason = "none of them tracked for 30 frames"
    assert reason in found["short"].reason
    assert reason in (tmp_path / "report.md").read_text()
    assert reason in told[0]
    assert told[1].startswith("2/2 own on own: AUC ")
    again = reproduce(["table1"], parse_given(sets, [], settings, SEEDS), tmp_path, print)
    assert [outcome.status for outcome in again] == [outcome.status for outcome in outcomes]


def test_other_settings_are_refused_by_the_trainings_folder(
    given: Given, outcomes: list[Outcome], out: Path, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(out / "runs/own", tmp_path / "runs/own")
    other = parse_given([f"own={data}"], [], (*SETTINGS, "training.epochs=2"), SEEDS)
    refused = reproduce(["table1"], other, tmp_path, print)[-1]
    assert refused.status == FAILED
    assert "training.epochs is 2 now and was 1" in refused.reason
    assert reproduce(["table1"], given, tmp_path, print)[-1] == of_own(outcomes, "table1")[0]


@pytest.mark.reference
def test_the_authors_weights(shared: Path, tmp_path: Path) -> None:
    """On the few clips of the goldens, whose AUC by the authors' code is known."""
    sets = [f"shanghaitech={shared / 'goldens/poses'}"]
    weights = [f"shanghaitech={shared / 'reference/checkpoints/ShanghaiTech_85_9.tar'}"]
    given = parse_given(sets, weights, ["data.cache_dir="], 1)
    rows = [
        planned
        for planned in plan(["table1"], given)
        if planned.row.weights and not planned.missing
    ]
    assert [row.row.label for row in rows] == [
        "unsupervised, the authors' weights",
        "unsupervised, the authors' weights, on ShanghaiTech-HR",
    ]
    figures = running.run(rows[0], tmp_path)
    assert figures[AUC].together == pytest.approx(78.9366, abs=1e-3)
    assert figures[AUC].seeds == (figures[AUC].together,)


def test_reproduce_says_what_is_missing_and_what_failed(tmp_path: Path) -> None:
    printed = succeed("reproduce", "--only=table1,figure9", f"--out={tmp_path / 'nothing'}")
    assert printed == f"the report is {tmp_path}/nothing/report.md\n"
    report = (tmp_path / "nothing/report.md").read_text()
    assert "12 not run for lack of data" in report
    root = write_data(tmp_path / "data")
    (root / "pose/train/0.json").write_text("[]")
    given = (f"--data=mine={root}", "--set=data.cache_dir=", "--seeds=1")
    done = stgnf("reproduce", "--only=table1", *given, f"--out={tmp_path / 'out'}")
    assert done.returncode == 1
    assert "0.json: holds [], expected an object of persons" in done.stdout
    assert "failed: " in (tmp_path / "out/report.md").read_text()
