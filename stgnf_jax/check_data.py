"""What is missing or inconsistent in a data set: all of it, before anything is trained."""

from collections.abc import Iterator
from pathlib import Path

from ml_collections import ConfigDict

from stgnf_jax.check_masks import check_masks
from stgnf_jax.check_poses import CheckedPoses, check_poses
from stgnf_jax.clip_facts import ClipFacts
from stgnf_jax.config import check_config, flow_config
from stgnf_jax.errors import InputError
from stgnf_jax.findings import SEVERITIES, Finding, listed, of_error
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.ground_truth import read_masks
from stgnf_jax.labels import LABEL_KINDS
from stgnf_jax.track_truth import load_track_truth
from stgnf_jax.window_set import check_names, evaluated_benchmark, second_data


def check_data(config: ConfigDict) -> list[Finding]:
    """Reads the poses and masks that a configuration names, and says what it finds.

    One pose file and one mask are in memory at a time, and nothing is cached.

    Returns:
      What was found, errors before warnings before facts. Without errors, `train` and `evaluate`
      read the data.
    """
    try:
        check_config(config)
        flow = flow_config(config.model)
        check_names(config.data, flow)
    except InputError as error:
        return [of_error(error)]
    data = config.data
    findings, trained = _training_part(data, flow)
    if data.second.root:
        second = _second_part(data, flow)
        findings, trained = findings + second.findings, trained + second.clips
    if data.calibration_poses:
        normal = check_poses(data, flow, data.calibration_poses, data.test_stride)
        findings += [*normal.findings, *_overlap(trained, normal.clips, "calibration_poses")]
    if _is_there(data, data.test_poses):
        test = check_poses(data, flow, data.test_poses, data.test_stride)
        findings += [*test.findings, *_test_overlap(data, trained, test.clips)]
        if _is_there(data, data.masks):
            findings += check_masks(data, test.clips)
            findings += _evaluation(data, [clip.name for clip in test.clips])
    findings += _no_test_set(data)
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _training_part(data: ConfigDict, flow: FlowConfig) -> CheckedPoses:
    """The training poses that a section names, its abnormal ones too, and its labels."""
    findings: list[Finding] = []
    clips: list[ClipFacts] = []
    for folder in filter(None, (data.train_poses, data.train_abnormal_poses)):
        found = check_poses(data, flow, folder, data.train_stride)
        findings += found.findings
        clips += found.clips
    return CheckedPoses([*findings, *_labels(data)], clips)


def _second_part(data: ConfigDict, flow: FlowConfig) -> CheckedPoses:
    """The same of the second data set, which names the fields of `data.second`."""
    second = second_data(data)
    try:
        check_names(second, flow)
        findings, clips = _training_part(second, flow)
    except InputError as error:
        findings, clips = [of_error(error)], []
    return CheckedPoses([_of_second(finding) for finding in findings], clips)


def _of_second(finding: Finding) -> Finding:
    place, message = (
        text.replace("config.data.", "config.data.second.")
        for text in (finding.place, finding.message)
    )
    return finding._replace(place=place, message=message)


def _is_there(data: ConfigDict, folder: str) -> bool:
    return Path(data.root, folder).is_dir()


def _no_test_set(data: ConfigDict) -> Iterator[Finding]:
    for folder in (data.test_poses, data.masks):
        if not _is_there(data, folder):
            yield Finding(
                "warning",
                str(Path(data.root, folder)),
                "is no folder, so train ends without an evaluation, and evaluate stops",
            )


def _labels(data: ConfigDict) -> Iterator[Finding]:
    if not data.train_labels:
        return
    path = Path(data.root, data.train_labels)
    if not path.exists():
        yield Finding("error", str(path), "is missing; config.data.train_labels names it")
    if data.train_label_kind not in LABEL_KINDS:
        reason = f"must be one of {', '.join(LABEL_KINDS)}, got {data.train_label_kind!r}"
        yield Finding("error", "config.data.train_label_kind", reason)


def _evaluation(data: ConfigDict, clips: list[str]) -> Iterator[Finding]:
    """What is wrong with the list of clips that are evaluated, and with boxes of their events."""
    try:
        benchmark = evaluated_benchmark(data)
        if data.track_truth:
            kept = [clip for clip in clips if not benchmark.leaves_out(clip)]
            masks = read_masks(Path(data.root, data.masks), kept, benchmark)
            load_track_truth(data, kept, masks)
    except InputError as error:
        yield of_error(error)


def _test_overlap(
    data: ConfigDict, train: list[ClipFacts], test: list[ClipFacts]
) -> Iterator[Finding]:
    if data.train_poses == data.test_poses:
        reason = "is config.data.train_poses too: the figures are of what was trained on"
        yield Finding("warning", "config.data.test_poses", reason)
    else:
        yield from _overlap(train, test, "test_poses")


def _overlap(train: list[ClipFacts], other: list[ClipFacts], field: str) -> Iterator[Finding]:
    trained = {clip.content: clip.name for clip in train if clip.counts.people}
    pairs = [f"{trained[clip.content]} as {clip.name}" for clip in other if clip.content in trained]
    if pairs:
        yield Finding(
            "error",
            f"config.data.{field}",
            f"files that are among the training poses too ({len(pairs)}): {listed(pairs)}; a score "
            "of what was trained on says nothing",
        )
