"""The paper's experiments as data, and which of them a user's data allow."""

import re
from pathlib import Path

import pytest

from stgnf_jax.ablations import ABLATIONS
from stgnf_jax.config import check_config, flow_config
from stgnf_jax.errors import InputError
from stgnf_jax.reproduction.command_line import parse_experiments, parse_given
from stgnf_jax.reproduction.data_sets import configure
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.own_sets import rows_of
from stgnf_jax.reproduction.paper import (
    AUC,
    SHANGHAITECH,
    TABLE_1,
    TABLE_2,
    TABLE_3,
    UBNORMAL,
    Published,
)
from stgnf_jax.reproduction.plan import Planned, plan

ROOT = Path(__file__).parents[1]


def planned(names: list[str], *data: str, settings: tuple[str, ...] = ()) -> list[Planned]:
    return plan(names, parse_given(data, [], settings, 2))


def test_every_experiment_is_documented() -> None:
    text = (ROOT / "docs/reproduce.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert documented == list(EXPERIMENTS)


def test_every_ablation_of_the_paper_with_a_number_or_a_curve_is_a_row() -> None:
    rows = [row for experiment in EXPERIMENTS.values() for row in experiment.rows]
    run = [dict(row.changes) for row in rows]
    for ablation in ABLATIONS.values():
        if ablation.paper_auc is not None or ablation.value is not None:
            assert dict(ablation.deltas) in run or ablation.place == "table 3"


@pytest.mark.parametrize("data", [(), ("own=DIR",), ("own=A", "other=B", "ubnormal=C")])
def test_every_row_has_a_configuration_that_can_be_trained(data: tuple[str, ...]) -> None:
    for row in planned(list(EXPERIMENTS), *data):
        if not row.missing.startswith("needs "):
            check_config(row.config)
        check_config(row.test)
        flow_config(row.config.model)
        assert row.config.ensemble == 2
        assert row.missing


@pytest.mark.parametrize(
    ("data", "weights", "settings", "message"),
    [
        (["own"], [], [], "--data=own: must be NAME=DIR"),
        (["own="], [], [], "--data=own=: must be NAME=DIR"),
        (["a=x", "a=y"], [], [], "--data=a=y: is given twice"),
        (["a/b=x"], [], [], "--data=a/b=x: a name has letters, digits and _ only"),
        (["a=x"], ["ubnrmal=f"], [], "--checkpoint: there is no 'ubnrmal'; there are shanghaitech"),
        (["a=x"], [], ["training.epochs"], "--set=training.epochs: must be FIELD=VALUE or"),
        (["a=x"], [], ["b:seed=1"], "--set=b:seed=1: there is no --data=b=DIR"),
        (["a=x"], [], ["training.epoch=1"], "config.training.epoch: cannot be 1 "),
        (["a=x"], [], ["training.epochs=many"], "config.training.epochs: cannot be 'many' "),
    ],
)
def test_what_cannot_be_read_of_a_command_line(
    data: list[str], weights: list[str], settings: list[str], message: str
) -> None:
    with pytest.raises(InputError) as error:
        parse_given(data, weights, settings, 1)
    assert str(error.value).startswith(message)


def test_settings_are_for_all_or_for_one() -> None:
    settings = ["training.epochs=2", "b:training.epochs=3", "a:data.masks=m", "seed=4"]
    sets = parse_given(["a=~/x", "b=y"], [], settings, 1).data_sets
    a, b = configure(sets["a"]), configure(sets["b"])
    assert (a.training.epochs, a.data.masks, a.seed) == (2, "m", 4)
    assert (b.training.epochs, b.data.masks, b.seed) == (3, "gt/test_frame_mask", 4)
    assert a.data.root == str(Path.home() / "x")
    resolution = parse_given(["a=x"], [], ["a:data.resolution=1920,1080"], 1).data_sets["a"]
    assert configure(resolution).data.resolution == (1920, 1080)


def test_experiments_by_their_names() -> None:
    assert parse_experiments([]) == tuple(EXPERIMENTS)
    assert parse_experiments(["figure9", "table1", "figure9"]) == ("figure9", "table1")
    with pytest.raises(InputError, match="--only: there is no 'figure7'; there are table1, "):
        parse_experiments(["figure7"])


def test_a_curve_with_fewer_values_keeps_its_ends_and_the_whole_method() -> None:
    values = [row.x for row in rows_of("figure9", (), 0)]
    assert values == [4, 8, 12, 16, 20, 24, 28, 32]
    assert [row.x for row in rows_of("figure9", (), 2)] == [4, 24, 32]
    assert [row.x for row in rows_of("figure9", (), 1)] == [4, 24]
    both = [(row.tested_on, row.x) for row in rows_of("figure6", ("own",), 2)]
    assert both == [(on, x) for on in (SHANGHAITECH, UBNORMAL, "own") for x in (0, 1, 20)]


def test_a_data_set_by_the_name_of_a_benchmark_has_its_files(tmp_path: Path) -> None:
    sets = parse_given([f"ubnormal={tmp_path}", f"own={tmp_path}"], [], [], 1).data_sets
    assert configure(sets["ubnormal"]).data.masks == "gt"
    assert configure(sets["ubnormal"]).model.segment_length == 16
    assert configure(sets["own"]).data.benchmark == "custom"


def test_what_of_the_data_is_missing(tmp_path: Path) -> None:
    for folder in ("pose/train", "pose/test", "gt/test_frame_mask"):
        (tmp_path / folder).mkdir(parents=True)
    rows = planned(list(EXPERIMENTS), f"own={tmp_path}")
    missing = {(row.experiment, row.row.tested_on, row.row.label): row.missing for row in rows}
    assert missing["table1", "own", "unsupervised"] == ""
    assert missing["table2", "own", "supervised"] == "own has no pose/train_abnormal"
    assert missing["figure6", "own", "5"] == "own has no pose/train_abnormal"
    assert missing["figure6", "own", "0"] == ""
    assert missing["table3", SHANGHAITECH, "trained on ubnormal"] == (
        "needs --data=shanghaitech=DIR and --data=ubnormal=DIR"
    )
    assert missing["figure6", UBNORMAL, "5"] == "needs --data=ubnormal=DIR"


def test_all_pairs_of_data_sets_that_the_paper_does_not_have() -> None:
    pairs = [
        (row.tested_on, row.trained_on, row.second)
        for row in rows_of("table3", ("a", "ubnormal", "b"))[6:]
    ]
    assert pairs == [
        *[("a", "a", ""), ("b", "b", "")],
        *[("a", "ubnormal", ""), ("a", "a", "ubnormal"), ("a", "b", ""), ("a", "a", "b")],
        *[("ubnormal", "a", ""), ("ubnormal", "ubnormal", "a")],
        *[("ubnormal", "b", ""), ("ubnormal", "ubnormal", "b")],
        *[("b", "a", ""), ("b", "b", "a"), ("b", "ubnormal", ""), ("b", "b", "ubnormal")],
    ]


def test_a_second_data_set_is_read_as_itself_and_tested_on_the_first() -> None:
    rows = planned(["table3"], "shanghaitech=A", "ubnormal=B", settings=("ubnormal:data.masks=m",))
    (both,) = (row for row in rows if row.row.label == "trained on shanghaitech and ubnormal")
    assert (both.run, both.test_name) == ("shanghaitech+ubnormal", "shanghaitech")
    assert both.config.data.root == both.test.data.root == "A"
    assert (both.config.data.second.root, both.config.data.second.benchmark) == ("B", "ubnormal")
    (cross,) = (row for row in rows if (row.run, row.test_name) == ("ubnormal", "shanghaitech"))
    assert cross.config.data.root == "B"
    assert (cross.test.data.root, cross.test.data.masks) == ("A", "gt/test_frame_mask")
    assert cross.test.model.segment_length == 16


def numbers(line: str) -> list[float | None]:
    """The figures of a line of the paper's tables; None for a dash."""
    cells = re.findall(r"\t(\d+\.\d+|-)(?=\t|$)", line)
    return [None if cell == "-" else float(cell) for cell in cells]


def line_of(text: str, row: Published) -> str:
    """The table's line that has a row's name and AUC."""
    name = row.method.split()[0].replace("STG-NF", "Ours")
    found = [
        line
        for line in text.splitlines()
        if "\t" in line and name in line and f"\t{row.auc}\t" in line
    ]
    assert len(found) == 1, row
    return found[0]


@pytest.mark.reference
def test_tables_1_and_2_are_those_of_the_paper(shared: Path) -> None:
    text = (shared / "paper.txt").read_text()
    one, two = text.split("Table 1. **")[0], text.split("Table 1. **")[1].split("Table 2. **")[0]
    for row in TABLE_1:
        assert numbers(line_of(one, row)) == [row.auc, row.auc_hr, row.rbdc, row.tbdc]
    for row in TABLE_2:
        assert numbers(line_of(two, row)) == [row.auc, row.rbdc, row.tbdc]
    assert len(re.findall(r"\t\d+\.\d+", one)) == sum(
        value is not None for row in TABLE_1 for value in row[1:5]
    )


@pytest.mark.reference
def test_table_3_is_that_of_the_paper(shared: Path) -> None:
    text = (shared / "paper.txt").read_text().split("Table 3. **")[0]
    for on, title, other in (
        (SHANGHAITECH, "Test\tShanghaiTech", UBNORMAL),
        (UBNORMAL, "\tUBnormal", SHANGHAITECH),
    ):
        (line,) = (each for each in text.splitlines() if each.startswith(title + "\t"))
        trained = [(SHANGHAITECH,), (UBNORMAL,), (on, other)]
        assert numbers(line) == [TABLE_3[on, sets] for sets in trained]


@pytest.mark.reference
def test_the_ablations_numbers_are_those_of_the_text(shared: Path) -> None:
    text = " ".join((shared / "paper.txt").read_text().split())
    for sentence, experiment, label in (
        ("the AUC decreased from 85.9% to {}%", "affine_layer", "fully connected"),
        ("standard convolutions reduced our score to {}%", "affine_layer", "standard convolution"),
        ("which yielded an AUC of {}%", "space_time", "each frame by itself, tau = 1"),
        ("which resulted in an AUC of {}%", "space_time", "each joint by itself, A = I"),
        ("resulting in a high AUC score of {}%", "zero_shot", "trained on test clips"),
    ):
        (row,) = (each for each in EXPERIMENTS[experiment].rows if each.label == label)
        assert sentence.format(row.paper[AUC]) in text
