"""`stgnf COMMAND [flags]`: each command parses its flags and calls one function.

Nothing heavy is imported before a command's flags are parsed, so that help comes at once.
"""

import atexit
import errno
import gc
import itertools
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import app, flags, logging

if TYPE_CHECKING:
    from ml_collections import ConfigDict

    from stgnf_jax.alarm_request import AlarmRequest
    from stgnf_jax.evaluation import Evaluation
    from stgnf_jax.metrics import Metrics
    from stgnf_jax.pose_formats.convert_poses import Converted
    from stgnf_jax.raised_alarms import Explain
    from stgnf_jax.stream_server import StreamOptions

USAGE = "usage: stgnf COMMAND [flags]    (stgnf COMMAND --help lists the flags of a command)"
# Objects made between two searches for garbage.
COLLECT_EVERY = 50_000
HELP = ("-h", "--help", "-help", "--helpshort", "--helpfull")


class Command(NamedTuple):
    """One command.

    Attributes:
      summary: a line for the help.
      run: does it, with the flags' values and the positional arguments.
      flags: the flags it takes, each a function that defines one.
      arguments: names of its positional arguments.
      writes: from what `run` is given to the file whose earlier contents it replaces, where those
        are results of the same command.
    """

    summary: str
    run: Callable[..., None]
    flags: tuple[Callable[[], None], ...]
    arguments: tuple[str, ...] = ()
    writes: Callable[..., str] | None = None


def _config_flag() -> None:
    from ml_collections import config_flags

    help_text = (
        "configuration: a name such as shanghaitech, or a file; its fields are set by "
        "--config.SECTION.FIELD=VALUE"
    )
    config_flags.DEFINE_config_file("config", None, help_text)
    flags.mark_flag_as_required("config")


def _required(name: str, help_text: str) -> Callable[[], None]:
    def define() -> None:
        flags.DEFINE_string(name, None, help_text, required=True)

    return define


def _skip_bad_flag() -> None:
    flags.DEFINE_bool("skip_bad", False, "leave out and count broken poses instead of stopping")


def _pictures_flag() -> None:
    flags.DEFINE_bool("pictures", False, "draw the evaluation, see docs/pictures.md")


def _process_flags() -> None:
    flags.DEFINE_string(
        "coordinator",
        "",
        "HOST:PORT of process 0, to run as several processes; auto where a cluster manager tells",
    )
    flags.DEFINE_integer("num_processes", 1, "how many processes there are", lower_bound=1)
    flags.DEFINE_integer("process_id", 0, "which of them this one is, from 0", lower_bound=0)


def _join_processes(values: Any) -> None:
    if values.coordinator:
        from stgnf_jax.distributed import join

        join(values.coordinator, values.num_processes, values.process_id)
    elif values.num_processes > 1 or values.process_id:
        from stgnf_jax.errors import InputError

        raise InputError("is needed with --num_processes or --process_id", field="--coordinator")


def _demo_flags() -> None:
    flags.DEFINE_string("out", "demo_out", "folder for everything the demo makes")
    flags.DEFINE_integer("seed", 0, "of the town and of the training", lower_bound=0)


def _runs_flags() -> None:
    from stgnf_jax.runs import SORT_FIELDS

    flags.DEFINE_enum("sort", "name", list(SORT_FIELDS), "what the runs are sorted by")
    flags.DEFINE_enum("format", "table", ["table", "csv", "json"], "how they are printed")


def _convert_flags() -> None:
    from stgnf_jax.pose_formats.conversion import FORMAT_NAMES, MISSING, Conversion

    default = Conversion()
    flags.DEFINE_enum("format", None, FORMAT_NAMES, "what the files are; found out by itself")
    flags.DEFINE_integer(
        "first_frame", default.first_frame, "the number of a clip's first frame", lower_bound=0
    )
    flags.DEFINE_list("resolution", None, "WIDTH,HEIGHT, where coordinates are fractions of it")
    flags.DEFINE_enum(
        "missing", default.missing, MISSING, "what happens to joints that were not found"
    )
    flags.DEFINE_integer(
        "max_gap", default.max_gap, "frames over which a joint is interpolated", lower_bound=0
    )


def _track_flags() -> None:
    from stgnf_jax.pose_formats.conversion import Tracking

    default = Tracking()
    flags.DEFINE_integer(
        "track_patience",
        default.patience,
        "frames for which the tracker remembers a person who is not seen",
        lower_bound=0,
    )
    flags.DEFINE_float(
        "track_confidence",
        default.confidence,
        "the mean confidence of joints that begins a track",
        lower_bound=0.0,
    )
    flags.DEFINE_float(
        "track_overlap",
        default.overlap,
        "share by which a person's box and the one that the tracker expects overlap, at least",
        lower_bound=0.0,
    )


def _overwrite_flag() -> None:
    flags.DEFINE_bool("overwrite", False, "replace files that exist")


def _num_frames_flag() -> None:
    flags.DEFINE_string(
        "num_frames",
        "",
        "frames of the clips: a number, or a CSV file with clip,num_frames; from the poses without",
    )


def _check_flags() -> None:
    flags.DEFINE_enum("format", "text", ["text", "json"], "how what is found is printed")


def _stream_flags() -> None:
    flags.DEFINE_string("input", "-", "- (stdin), a file, tcp://127.0.0.1:PORT or unix:PATH")
    flags.DEFINE_bool("follow", False, "wait for more at the end of a file")
    flags.DEFINE_integer("max_people", 64, "people of a camera remembered at once", lower_bound=1)
    flags.DEFINE_integer("max_cameras", 64, "cameras remembered at once", lower_bound=1)
    flags.DEFINE_integer("max_connections", 256, "connections to a socket at once", lower_bound=1)
    flags.DEFINE_float(
        "smoothing",
        10.0,
        "frames in which the smoothed score forgets by a factor of e",
        lower_bound=0.1,
    )
    flags.DEFINE_float(
        "report_every", 60.0, "seconds between reports; 0 for one at the end", lower_bound=0.0
    )


def _watch_flags() -> None:
    flags.DEFINE_string(
        "host", "127.0.0.1", "where the page is; a page that other machines reach asks for a token"
    )
    flags.DEFINE_integer(
        "port", 8765, "of the page; 0 for any that is free", lower_bound=0, upper_bound=65535
    )


def _replay_flags() -> None:
    flags.DEFINE_float("fps", 0.0, "lines a second; 0 for as fast as they go", lower_bound=0.0)


def _reproduce_flags() -> None:
    flags.DEFINE_multi_string(
        "data", [], "NAME=DIR: a data set, shanghaitech, ubnormal, or by any name one's own"
    )
    flags.DEFINE_multi_string(
        "checkpoint",
        [],
        "NAME=FILE: the authors' weights for shanghaitech, ubnormal or ubnormal_supervised",
    )
    flags.DEFINE_list("only", [], "experiments, such as table1,zero_shot,figure9; all by default")
    flags.DEFINE_integer("seeds", 3, "flows that each training has", lower_bound=1)
    flags.DEFINE_integer(
        "curve_values",
        0,
        "values of each curve beside the whole method's; 0 for all",
        lower_bound=0,
    )
    flags.DEFINE_multi_string(
        "set",
        [],
        "SECTION.FIELD=VALUE: a field of the configuration; NAME:SECTION.FIELD=VALUE for "
        "one data set alone",
    )


def _config(values: Any) -> "ConfigDict":
    from stgnf_jax.compiled import keep_compiled

    config = values.config
    keep_compiled(config.data.cache_dir)
    config.data.root = _path(config.data.root)
    config.data.second.root = _path(config.data.second.root)
    config.data.skip_bad |= "skip_bad" in values and values.skip_bad
    return config


def _path(name: str) -> str:
    """With the home folder for a ~, which shells leave alone after `--flag=`."""
    return os.path.expanduser(name)


def _print_metrics(metrics: "Metrics") -> None:
    from stgnf_jax.metrics.text import figure_lines

    print(
        f"AUC {metrics.auc_micro:.6f} (micro, {metrics.num_frames} frames of "
        f"{metrics.num_clips} clips, {metrics.num_windows} windows)"
    )
    if metrics.auc_micro_members:
        aucs = metrics.auc_micro_members
        print(
            f"of its {len(aucs)} members alone: {statistics.mean(aucs):.6f} "
            f"+- {statistics.stdev(aucs):.6f}"
        )
    print("\n".join(figure_lines(metrics)))


def _check_data(values: Any) -> None:
    from stgnf_jax.check_data import check_data
    from stgnf_jax.check_output import OUTPUTS

    findings = check_data(_config(values))
    OUTPUTS[values.format](findings, sys.stdout)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)


@contextmanager
def _exit_when_stopped(command: str) -> Iterator[None]:
    """Ends with the status of a process that SIGTERM ends, when a training stops for one."""
    from stgnf_jax.stopping import Stopped

    try:
        yield
    except Stopped as stopped:
        print(f"stgnf {command}: {stopped}", file=sys.stderr)
        sys.exit(128 + signal.SIGTERM)


def _train(values: Any) -> None:
    from stgnf_jax.mesh import devices_for
    from stgnf_jax.training import train_and_evaluate

    config = _config(values)
    devices_for(config.ensemble)
    _join_processes(values)
    with _exit_when_stopped("train"):
        evaluation = train_and_evaluate(config, _path(values.workdir))
    print(f"the model is in {values.workdir}")
    if evaluation is not None:
        _print_metrics(evaluation.metrics)


def _scores_file(values: Any) -> str:
    from stgnf_jax.score_files import SCORES_FILE

    return os.path.join(_path(values.out), SCORES_FILE)


def _score(values: Any) -> None:
    from stgnf_jax.evaluation import score

    _join_processes(values)
    scored = score(_config(values), _path(values.checkpoint), _path(values.out))
    print(f"scores of {len(scored.windows.score)} windows are in {values.out}")


def _evaluate(values: Any) -> None:
    from stgnf_jax.evaluation import evaluate

    _join_processes(values)
    config, checkpoint, out = _config(values), _path(values.checkpoint), _path(values.out)
    evaluation = evaluate(config, checkpoint, out)
    _print_metrics(evaluation.metrics)
    print(f"scores and metrics.json are in {values.out}")
    if values.pictures:
        _draw(evaluation, config.scoring.score, checkpoint, out)


def _draw(evaluation: "Evaluation", kind: str, checkpoint: str, out: str) -> None:
    from stgnf_jax.checkpoint import load_members
    from stgnf_jax.distributed import leads
    from stgnf_jax.gallery import save_pictures

    if leads():
        folder = os.path.join(out, "pictures")
        save_pictures(evaluation, load_members(checkpoint), kind, folder)
        print(f"pictures are in {folder}")


def _import_checkpoint(_: Any, file: str, out: str) -> None:
    from stgnf_jax.published import import_published

    import_published(_path(file), _path(out))
    print(f"the model is in {out}")


def _convert_poses(values: Any, source: str, out: str) -> None:
    from pathlib import Path

    from stgnf_jax.pose_formats.conversion import Conversion, Tracking
    from stgnf_jax.pose_formats.convert_poses import convert_poses

    conversion = Conversion(
        values.format or "",
        values.first_frame,
        _resolution(values.resolution),
        values.missing,
        values.max_gap,
        Tracking(values.track_patience, values.track_confidence, values.track_overlap),
        values.overwrite,
    )
    done = convert_poses(Path(_path(source)), Path(_path(out)), conversion)
    _print_converted(done, values.first_frame)


def _print_converted(done: "Converted", first_frame: int) -> None:
    print(
        f"{done.clips} clips: {done.people} people in {done.frames} frames, {done.detections} "
        f"detections\njoints: {done.interpolated} interpolated, {done.missing} missing\n"
        f"detections left out: {done.dropped} for missing joints, {done.untracked} without a "
        f"track, {done.repeated} of a person who is in the frame already"
    )
    if done.first_frame == 1:
        print(
            "no frame 0 has people; if frames are counted from "
            f"{first_frame + 1}, give --first_frame={first_frame + 1}"
        )


def _resolution(parts: list[str] | None) -> tuple[float, float] | None:
    if parts is None:
        return None
    if len(parts) == 2 and all(part.isdecimal() and int(part) for part in parts):
        return int(parts[0]), int(parts[1])
    from stgnf_jax.errors import InputError

    raise InputError(f"is {','.join(parts)}, expected WIDTH,HEIGHT", field="--resolution")


def _label(values: Any, spans: str) -> None:
    from pathlib import Path

    from stgnf_jax.label_masks import label

    out, num_frames = Path(_path(values.out)), _path(values.num_frames)
    masks = label(_config(values), Path(_path(spans)), out, num_frames, values.overwrite)
    abnormal = sum(int(mask.sum()) for mask in masks.abnormal)
    print(
        f"masks of {len(masks.clips)} clips are in {out}: {abnormal} of "
        f"{sum(map(len, masks.abnormal))} frames are abnormal"
    )


def _stream(values: Any) -> None:
    from stgnf_jax.stream_server import stream

    stream(_config(values), _path(values.checkpoint), _stream_options(values))


def _stream_options(values: Any) -> "StreamOptions":
    from stgnf_jax.alarm_request import AlarmRequest
    from stgnf_jax.stream_server import StreamOptions

    request = _alarm_request(values)
    return StreamOptions(
        _path(values.input),
        values.follow,
        values.max_people,
        values.max_cameras,
        values.max_connections,
        values.smoothing,
        values.report_every,
        request if request != AlarmRequest() else None,
    )


def _watch(values: Any) -> None:
    from stgnf_jax.errors import InputError
    from stgnf_jax.files import drop_stdout

    try:
        from stgnf_jax.watch_server import watch
        from stgnf_jax.watch_web import Address
    except ModuleNotFoundError as error:
        reason = f'needs {error.name}; install it by pip install "stgnf-jax[watch]"'
        raise InputError(reason) from error
    if sys.stdout.isatty():
        drop_stdout()
    address = Address(values.host, values.port)
    options = _stream_options(values)._replace(command="watch")
    watch(_config(values), _path(values.checkpoint), options, address)


def _replay(values: Any) -> None:
    from stgnf_jax.files import write_stdout
    from stgnf_jax.replay import replay

    for line in replay(_config(values), values.fps):
        if not write_stdout(line):
            break


def _runs(values: Any, folder: str) -> None:
    from stgnf_jax.runs import load_runs
    from stgnf_jax.runs_output import OUTPUTS

    OUTPUTS[values.format](load_runs(_path(folder), values.sort), sys.stdout)


def _calibrate_flags() -> None:
    flags.DEFINE_float("fps", None, "frames a second of the videos; the benchmark's without")
    flags.DEFINE_string(
        "scene",
        "",
        "regular expression that finds the scene in a clip's name, \\d+ for its first number, to "
        "calibrate each scene by itself; without, all are one",
    )


def _calibrate(values: Any) -> None:
    from stgnf_jax.normal_calibration import calibrate_scores

    config, checkpoint = _config(values), _path(values.checkpoint)
    normal = calibrate_scores(config, checkpoint, values.fps, values.scene)
    for scene in normal.scenes:
        name = f"scene {scene.name}: " if scene.name else ""
        print(
            f"{name}{len(scene.score)} windows of {len(scene.lowest)} normal tracks in "
            f"{scene.hours:.4g} hours, for {1 / scene.hours:.3g} false alarms an hour or more"
        )
    print(f"normal_scores.npz is in {values.checkpoint}")


def _alarms_flags() -> None:
    from stgnf_jax.alarm_request import AlarmRequest

    default = AlarmRequest()
    flags.DEFINE_float("threshold", None, "a frame with this score or a lower one is an alarm")
    flags.DEFINE_float(
        "per_hour", None, "take the threshold that raises so many false alarms an hour, at most"
    )
    flags.DEFINE_float(
        "confidence",
        None,
        "keep to --per_hour with this probability over calibrations; without, in their mean",
    )
    flags.DEFINE_float(
        "hysteresis", default.hysteresis, "an alarm goes on up to so far above the threshold"
    )
    flags.DEFINE_integer("min_frames", default.min_frames, "shorter alarms are none")


def _keep_windows_flags() -> None:
    flags.DEFINE_integer("count", 5000, "how many, at most", lower_bound=1)


def _keep_windows(values: Any) -> None:
    from stgnf_jax.kept_windows import keep_windows

    kept, file = keep_windows(_config(values), _path(values.checkpoint), values.count)
    megabytes = os.path.getsize(file) / 1e6
    print(f"{len(kept.distance)} normal windows are in {file}, {megabytes:.1f} MB")


def _offline_alarms_flags() -> None:
    flags.DEFINE_bool("best_f1", False, "take the threshold with the highest F1 on these frames")
    flags.DEFINE_bool("smoothed", False, "go by the smoothed scores of frames")
    flags.DEFINE_bool("explain", False, "say and draw why, beside normal windows (keep-windows)")
    flags.DEFINE_string("poses", "", "folder of the scored pose files, to explain, where it moved")


def _alarm_request(values: Any) -> "AlarmRequest":
    """What a command's flags ask for; a live stream has some of them only."""
    from stgnf_jax.alarm_request import AlarmRequest

    names = (name for name in AlarmRequest._fields if name in values)
    return AlarmRequest(**{name: getattr(values, name) for name in names})


def _alarms_file(_: Any, out: str) -> str:
    from stgnf_jax.alarms_file import ALARMS_FILE

    return os.path.join(_path(out), ALARMS_FILE)


def _alarms(values: Any, out: str) -> None:
    from stgnf_jax.alarm_rules import promises
    from stgnf_jax.raised_alarms import raise_alarms

    explain = _explaining(values) if values.explain else None
    raised = raise_alarms(_path(out), _alarm_request(values), explain)
    if not raised.rules.rates:
        print(f"threshold {raised.rules.clips[0].threshold:.6g}")
    for promise in promises(raised.rules.rates):
        print(promise)
    print(f"{len(raised.alarms)} alarms in {len(raised.clips)} clips are in {out}/alarms.csv")


def _explaining(values: Any) -> "Explain":
    from functools import partial

    from stgnf_jax.explained_alarms import explain_alarms

    return partial(explain_alarms, poses=_path(values.poses) or None)


def _drift(_: Any, out: str) -> None:
    from stgnf_jax.watched_drift import watch_drift

    for scene in watch_drift(_path(out)):
        name = f"scene {scene.name}: " if scene.name else ""
        capital = max(scene.drift.log10_capital, default=0.0)
        print(
            f"{name}{len(scene.lowest)} new tracks; without a drift there is evidence as strong "
            f"with a probability of {min(1.0, 10**-capital):.3g} at most"
        )
    print(f"p_values.csv, drift.csv and drift.png are in {out}")


def _report_flags() -> None:
    flags.DEFINE_string("out", "", "the HTML file to write; by default report.html in RUN")
    flags.DEFINE_string("poses", "", "folder of the scored pose files, where it has moved")


def _report_file(values: Any, run: str) -> str:
    from stgnf_jax.report import REPORT_FILE

    return _path(values.out) or os.path.join(_path(run), REPORT_FILE)


def _report(values: Any, run: str) -> None:
    from stgnf_jax.report import write_report

    out, poses = (_path(name) or None for name in (values.out, values.poses))
    print(f"the report is {write_report(_path(run), out, poses)}")


def _export_flags() -> None:
    flags.DEFINE_bool("onnx", False, "write scorer.onnx too")
    flags.DEFINE_multi_float(
        "per_hour",
        [],
        "false alarms an hour that a threshold is to keep to; several times for several",
    )


def _export(values: Any) -> None:
    from stgnf_jax.export import export

    out = _path(values.out)
    config, checkpoint = _config(values), _path(values.checkpoint)
    export(config, checkpoint, out, onnx=values.onnx, per_hour=values.per_hour)
    print(f"the scorer is in {out}; python {os.path.join(out, 'load_export.py')} checks it")


def _reproduce(values: Any) -> None:
    from stgnf_jax.compiled import keep_compiled
    from stgnf_jax.mesh import devices_for
    from stgnf_jax.reproduction.command_line import parse_experiments, parse_given
    from stgnf_jax.reproduction.data_sets import configure
    from stgnf_jax.reproduction.outcome import FAILED
    from stgnf_jax.reproduction.reproduce import reproduce

    experiments = parse_experiments(values.only)
    given = parse_given(
        values.data, values.checkpoint, values.set, values.seeds, values.curve_values
    )
    for data_set in given.data_sets.values():
        keep_compiled(configure(data_set).data.cache_dir)
    devices_for(values.seeds)
    with _exit_when_stopped("reproduce"):
        outcomes = reproduce(experiments, given, _path(values.out), print)
    print(f"the report is {values.out}/report.md")
    if any(outcome.status == FAILED for outcome in outcomes):
        sys.exit(1)


def _demo(values: Any) -> None:
    from stgnf_jax.demo import demo

    _print_metrics(demo(_path(values.out), values.seed).metrics)
    print(f"pictures, scores and the model are in {values.out}")


_SCORING_FLAGS = (
    _config_flag,
    _required("checkpoint", "a workdir of train, or what import-checkpoint wrote"),
    _required("out", "folder to write to"),
    _skip_bad_flag,
    _process_flags,
)
COMMANDS = {
    "train": Command(
        "train a flow on normal poses; evaluate it where there is a test set",
        _train,
        (
            _config_flag,
            _required("workdir", "folder for the checkpoints; a run there goes on"),
            _skip_bad_flag,
            _process_flags,
        ),
    ),
    "score": Command(
        "score poses, without ground truth", _score, _SCORING_FLAGS, writes=_scores_file
    ),
    "evaluate": Command(
        "score poses and compare with the masks",
        _evaluate,
        (*_SCORING_FLAGS, _pictures_flag),
        writes=_scores_file,
    ),
    "check-data": Command(
        "say what is missing or wrong in poses and masks, all at once",
        _check_data,
        (_config_flag, _skip_bad_flag, _check_flags),
    ),
    "import-checkpoint": Command(
        "convert one of the authors' .tar files", _import_checkpoint, (), ("FILE", "OUT")
    ),
    "convert-poses": Command(
        "convert poses of other programs",
        _convert_poses,
        (_convert_flags, _track_flags, _overwrite_flag),
        ("IN", "OUT"),
    ),
    "label": Command(
        "make the masks of test clips from a file of spans",
        _label,
        (
            _config_flag,
            _required("out", "folder for the masks"),
            _num_frames_flag,
            _overwrite_flag,
            _skip_bad_flag,
        ),
        ("SPANS",),
    ),
    "stream": Command(
        "score people as they are seen: JSON Lines in, JSON Lines out",
        _stream,
        (
            _config_flag,
            _required("checkpoint", "a workdir of train, or what import-checkpoint wrote"),
            _stream_flags,
            _alarms_flags,
        ),
    ),
    "watch": Command(
        "the same as stream, with a page to watch it on in a browser",
        _watch,
        (
            _config_flag,
            _required("checkpoint", "a workdir of train, or what import-checkpoint wrote"),
            _stream_flags,
            _alarms_flags,
            _watch_flags,
        ),
    ),
    "replay": Command(
        "print test poses as lines for stream", _replay, (_config_flag, _replay_flags)
    ),
    "runs": Command("list and compare training runs", _runs, (_runs_flags,), ("DIR",)),
    "calibrate": Command(
        "score normal poses, so that thresholds can be found by them",
        _calibrate,
        (
            _config_flag,
            _required("checkpoint", "a workdir of train, or what import-checkpoint wrote"),
            _calibrate_flags,
            _skip_bad_flag,
        ),
    ),
    "keep-windows": Command(
        "keep a sample of the normal training windows, to explain alarms by",
        _keep_windows,
        (
            _config_flag,
            _required("checkpoint", "a workdir of train, or what import-checkpoint wrote"),
            _keep_windows_flags,
            _skip_bad_flag,
        ),
    ),
    "alarms": Command(
        "find alarms in what score or evaluate wrote",
        _alarms,
        (_alarms_flags, _offline_alarms_flags),
        ("OUT",),
        _alarms_file,
    ),
    "drift": Command(
        "say whether scored people still behave as those of the calibration", _drift, (), ("OUT",)
    ),
    "report": Command(
        "a page that shows scores on the people, to open in a browser",
        _report,
        (_report_flags,),
        ("RUN",),
        _report_file,
    ),
    "export": Command(
        "write a model as a folder that scores without this package",
        _export,
        (
            _config_flag,
            _required("checkpoint", "a workdir of train, or what import-checkpoint wrote"),
            _required("out", "folder to write, which must not exist"),
            _export_flags,
        ),
    ),
    "reproduce": Command(
        "run the paper's experiments on the data sets there are",
        _reproduce,
        (_reproduce_flags, _required("out", "folder to write to; what is there goes on")),
    ),
    "demo": Command("a made-up town, from poses to pictures", _demo, (_demo_flags,)),
}


def main() -> None:
    """Entry point of the console script."""
    name, *argv = sys.argv[1:] or ["--help"]
    if name in ("help", *HELP):
        print("\n".join((USAGE, *(f"  {n:<18} {c.summary}" for n, c in COMMANDS.items()))))
        return
    if name not in COMMANDS:
        sys.exit(f"stgnf: there is no command {name!r}; there are {', '.join(COMMANDS)}")
    command = COMMANDS[name]
    _search_little_garbage()
    for define in command.flags:
        define()
    if set(HELP) & set(argv):
        print(_command_help(name, command))
        return
    logging.set_verbosity(logging.WARNING)  # --verbosity=0 shows what orbax does
    app.run(
        lambda args: _run(name, command, args[1:]),
        argv=[f"stgnf {name}", *argv],
        flags_parser=_parse_flags,
    )


def _search_little_garbage() -> None:
    """What imports and tracing make stays: looking through it is a fifth of a short command."""
    gc.set_threshold(COLLECT_EVERY)
    atexit.register(gc.freeze)  # or Python looks through all of them once more


def _parse_flags(argv: list[str]) -> list[str]:
    from stgnf_jax.config_files import with_config_files

    try:
        words = list(with_config_files(argv))
        _check_config_file(words)
        arguments: list[str] = app.parse_flags_with_usage(words)
        if "config" in flags.FLAGS:
            # A file that could not be loaded passes for a value until a field is asked for.
            _ = flags.FLAGS.config.data
    except (AttributeError, KeyError) as error:
        sys.exit(f"{argv[0]}: configuration: unknown name {_reason(error)}")
    except RecursionError:  # absl looks for flags of a similar name
        sys.exit(f"{argv[0]}: has an argument that is far too long for a flag")
    except (ImportError, OSError, SyntaxError, TypeError, ValueError) as error:
        sys.exit(f"{argv[0]}: configuration: {_reason(error)}")
    return arguments


def _check_config_file(argv: list[str]) -> None:
    """Before parsing, since ml_collections tells a missing file at length, and afterwards."""
    for argument, following in itertools.pairwise([*argv, ""]):
        name, equals, value = argument.partition("=")
        file = (value if equals else following).partition(":")[0]
        if name in ("--config", "-config") and not os.path.isfile(file):
            sys.exit(f"{argv[0]}: --config={file} is no file; look into configs/")


def _reason(error: Any) -> str:
    """On one line, what ml_collections has to say, which may be an error inside the error."""
    while isinstance(error, AttributeError | KeyError):
        error = error.args[0]
    return " ".join(str(error).split())


def _command_help(name: str, command: Command) -> str:
    arguments = " ".join((*command.arguments, *(["[flags]"] if command.flags else [])))
    listing = flags.FLAGS.module_help(__name__) if command.flags else ""
    return f"usage: stgnf {name} {arguments}\n{command.summary}\n{listing}"


def _run(name: str, command: Command, arguments: Sequence[str]) -> None:
    """Runs a command whose flags are parsed; ends the process with a line where it cannot."""
    if len(arguments) != len(command.arguments):
        expected = " ".join(command.arguments) or "nothing beside flags"
        sys.exit(f"stgnf {name}: expected {expected}, got {' '.join(arguments) or 'nothing'}")
    from stgnf_jax.errors import InputError

    if command.writes:
        _tell_of_earlier(name, command.writes(flags.FLAGS, *arguments))
    try:
        command.run(flags.FLAGS, *arguments)
    except InputError as error:
        sys.exit(f"stgnf {name}: {error}")
    except OSError as error:  # of stdout; files say it themselves
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(f"stgnf {name}: stdout cannot be written ({error.strerror})")
    except KeyboardInterrupt:
        print(f"stgnf {name}: interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


def _tell_of_earlier(name: str, file: str) -> None:
    """Says which results a command will replace, before the work, which can be stopped."""
    if os.path.isfile(file):
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(os.path.getmtime(file)))
        print(f"stgnf {name}: will replace {file} of {date}", file=sys.stderr)
