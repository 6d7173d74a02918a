"""Latency and memory of `stgnf watch` over a long time, with a viewer in headless Chromium.

    python benchmarks/watch_soak.py --config=configs/demo.py --config.data.root=DIR --checkpoint=RUN

Every clip of the configuration's test poses is a camera that never ends: its frames come again and
again, with numbers that go on, at --fps. Prints a Markdown table for docs/watch.md, a row a minute:
from a line to its answer (`latency`, as the answers say), from there to the picture in the browser
(`to the screen`), pictures that a newer one overtook (since the beginning), scores and alarms that
the page lacks, and memory.
"""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags, logging
from ml_collections import config_flags
from playwright.sync_api import Page, sync_playwright

from stgnf_jax.replay import replay

FLAGS = flags.FLAGS
CONFIG = config_flags.DEFINE_config_file("config", None, "whose test poses are the cameras")
flags.DEFINE_string("checkpoint", None, "the model")
flags.DEFINE_float("fps", 25.0, "frames a second of each camera", lower_bound=1.0)
flags.DEFINE_integer("minutes", 10, "how long", lower_bound=1)
flags.DEFINE_multi_string("flag", [], "a further flag of stgnf watch, such as --per_hour=0.5")
flags.DEFINE_string("screenshot", "", "where the page is kept as a picture, at the end")
flags.mark_flags_as_required(["config", "checkpoint"])

ADDRESS = re.compile(r"http\S+")
MAIN = "from stgnf_jax.cli import main; main()"
BROWSER = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def cameras() -> dict[str, list[dict[str, Any]]]:
    """The lines of each clip."""
    found: dict[str, list[dict[str, Any]]] = {}
    for raw in replay(CONFIG.value, 0):
        line = json.loads(raw)
        if not line.get("end"):
            found.setdefault(line["camera"], []).append(line)
    return found


def endless(clip: list[dict[str, Any]]) -> Iterator[bytes]:
    """Its lines again and again; whoever comes again is someone else."""
    most = 1 + max((one["id"] for line in clip for one in line["people"]), default=0)
    frame = turn = 0
    while True:
        for line in clip:
            people = [{**one, "id": one["id"] + turn * most} for one in line["people"]]
            yield json.dumps({**line, "frame": frame, "people": people}).encode() + b"\n"
            frame += 1
        turn += 1


def feed(process: Any, clips: list[list[dict[str, Any]]], ended: threading.Event) -> None:
    """Writes a line of each camera in turn, evenly over time; what is late is not made up for."""
    streams, due = [endless(clip) for clip in clips], time.monotonic()
    while not ended.is_set():
        for stream in streams:
            process.stdin.write(next(stream))
            process.stdin.flush()
            due = max(due + 1 / FLAGS.fps / len(streams), time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def listen(process: Any, latencies: list[float], alarms: list[tuple[str, int]]) -> None:
    """Collects what the answers say of their latency, and which alarms begin."""
    for raw in process.stdout:
        line = json.loads(raw)
        latencies += [line["latency_ms"]] if "latency_ms" in line else []
        told = (one for one in line.get("alarms", ()) if one["state"] == "begins")
        alarms += [(line["camera"], one["alarm"]) for one in told]


def resident(process: Any) -> float:
    """Memory of the program, MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) / 1024 if match else float("nan")


def heap(page: Page) -> float:
    """Memory of the page after a collection, MB."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    size: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return size / 2**20


def missing(state: dict[str, Any], alarms: list[tuple[str, int]]) -> tuple[int, int]:
    """Scores of the last minute, and the last hundred alarms, that the page does not have."""
    scores = 0
    for camera in state["cameras"].values():
        frames = np.array([point["frame"] for point in camera["points"]])
        scores += int((np.diff(frames) - 1).sum())
    listed = {(alarm["camera"], alarm["alarm"]) for alarm in state["alarms"]}
    return scores, len(set(alarms[-100:]) - listed)


def row(
    minute: int, process: Any, page: Page, latencies: list[float], alarms: list[tuple[str, int]]
) -> str:
    """What happened in a minute."""
    taken, begun = latencies[:], alarms[:]
    del latencies[: len(taken)]
    page.wait_for_timeout(500)  # for what is on its way
    lags = 1000 * np.array(page.evaluate("stgnf.lags()"))
    state = page.evaluate("stgnf.state()")
    skipped = sum(camera["skipped"] for camera in state["cameras"].values())
    cells = [
        *(str(minute), str(len(taken)), str(skipped)),
        *map(str, missing(state, begun)),
        *(f"{value:.2f}" for value in np.quantile(taken, (0.5, 0.99))),
        *(f"{value:.0f}" for value in np.quantile(lags, (0.5, 0.99))),
        *(f"{resident(process):.0f}", f"{heap(page):.1f}"),
    ]
    return f"| {' | '.join(cells)} |"


def watch(process: Any, latencies: list[float], alarms: list[tuple[str, int]]) -> None:
    """A viewer, from the address that the program prints on."""
    address = next(found[0] for raw in process.stderr if (found := ADDRESS.findall(raw.decode())))
    threading.Thread(target=process.stderr.read, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(BROWSER)
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(address)
        page.wait_for_selector(".tile", timeout=120_000)
        latencies.clear()
        page.evaluate("stgnf.lags()")
        for minute in range(1, FLAGS.minutes + 1):
            page.wait_for_timeout(60_000)
            print(row(minute, process, page, latencies, alarms), flush=True)
        print(f"\n{len(alarms)} alarms")
        if FLAGS.screenshot:
            page.screenshot(path=FLAGS.screenshot)
        browser.close()


def main(_: list[str]) -> None:
    """Prints the table."""
    logging.set_verbosity(logging.WARNING)
    config = [word for word in sys.argv[1:] if word.startswith("--config")]
    command = [
        *(sys.executable, "-c", MAIN, "watch", *config, f"--checkpoint={FLAGS.checkpoint}"),
        *("--port=0", "--report_every=0", *FLAGS.flag),
    ]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    latencies: list[float] = []
    alarms: list[tuple[str, int]] = []
    ended = threading.Event()
    clips = list(cameras().values())
    print(f"{len(clips)} cameras, {FLAGS.fps:g} frames/s each\n")
    print(
        "| minute | frames | pictures skipped | scores missing | alarms missing "
        "| latency, median ms | 99 % | to the screen, median ms | 99 % "
        "| resident MB | page's heap MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with subprocess.Popen(command, **pipes) as process:
        feeding = threading.Thread(target=feed, args=(process, clips, ended))
        listening = threading.Thread(target=listen, args=(process, latencies, alarms))
        feeding.start()
        listening.start()
        try:
            watch(process, latencies, alarms)
        finally:
            ended.set()
            feeding.join()
            process.stdin.close()
            listening.join()


if __name__ == "__main__":
    app.run(main)
