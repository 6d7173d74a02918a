from pathlib import Path

import pytest

from stgnf_jax.program import make_program
from tests.small import small_config, write_data, write_spans


def test_windows_of_both_labels_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small_config(write_data(tmp_path))
    make_program(config)
    assert capsys.readouterr().err == ""
    write_spans(tmp_path / "labels.csv", ("1", 2, 0, 23, "abnormal"))
    config.data.train_labels = "labels.csv"
    make_program(config)
    told = "supervised: 45 normal windows of 5 people, 9 abnormal windows of 1 people\n"
    assert capsys.readouterr().err == told
