"""Figures over seeds, and the file that keeps them."""

from pathlib import Path

import pytest
from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.reproduction.results import RESULT_FILE, Figure, load_result, save_result
from stgnf_jax.reproduction.text import figures_text, signed, span, table

# Mean 80; deviations -2, 0, 2: variance 8 / 2 = 4.
THREE = Figure((78.0, 80.0, 82.0), 85.0, (80.5, 89.25))


def test_mean_deviation_and_interval_over_seeds() -> None:
    assert THREE.mean == 80
    assert THREE.std == 2
    # Student's t for two degrees of freedom is 4.30265, so 4.30265 * 2 / sqrt(3) = 4.96827.
    assert THREE.interval == pytest.approx((75.03173, 84.96827), abs=1e-5)


def test_one_seed_has_no_spread() -> None:
    one = Figure((70.0,), 70.0)
    assert (one.mean, one.std, one.interval) == (70, None, None)


def test_an_interval_stays_within_percentages() -> None:
    # Half the interval is 12.7062 * 28.28427 / sqrt(2) = 254.
    assert Figure((40.0, 80.0), 60.0).interval == (0, 100)


def configs() -> tuple[ConfigDict, ConfigDict]:
    config, test = default_config(), default_config()
    test.data.root = "elsewhere"
    return config, test


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    figures = {"AUC": THREE, "RBDC": Figure((1 / 3,), 1 / 3)}
    save_result(tmp_path, *configs(), figures)
    assert load_result(tmp_path, *configs()) == figures


def test_a_result_of_another_configuration_does_not_count(tmp_path: Path) -> None:
    config, test = configs()
    save_result(tmp_path, config, test, {"AUC": THREE})
    config.training.epochs = 3
    assert load_result(tmp_path, config, test) is None
    config, test = configs()
    test.data.masks = "others"
    assert load_result(tmp_path, config, test) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"config": 1, "test": 2}', "\x00"])
def test_a_damaged_result_does_not_count(tmp_path: Path, text: str) -> None:
    (tmp_path / RESULT_FILE).write_text(text)
    assert load_result(tmp_path, *configs()) is None


def test_figures_as_text() -> None:
    assert figures_text({"AUC": THREE, "TBDC": Figure((5.0,), 5.0)}) == "AUC 80.0 ± 2.0, TBDC 5.0"
    assert (signed(-1.25), signed(0.0), signed(2.0)) == ("−1.2", "+0.0", "+2.0")
    assert (span(THREE.clips), span(None)) == ("80.5 to 89.2", "–")


def test_a_table_in_markdown() -> None:
    assert table(["a", "b"], [["1|2", "x\ny"]]) == "| a | b |\n| --- | --- |\n| 1\\|2 | x y |"
