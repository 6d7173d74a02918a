"""`stgnf` as a process of its own, forked from one that has imported everything already.

Imports are most of what a short command takes. The process to fork from has no threads and no
device of JAX's, which each command starts for itself.
"""

import functools
import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing.context import ForkServerContext
from pathlib import Path

from stgnf_jax.cli import main

ROOT = Path(__file__).parents[1]
# They import the rest, but for a few small modules.
IMPORTED = (
    *("stgnf_jax.demo", "stgnf_jax.report", "stgnf_jax.reproduction.reproduce"),
    *("stgnf_jax.stream_server", "stgnf_jax.pose_formats.convert_poses"),
)


@functools.cache
def server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def run_forked(*arguments: str, seconds: float = 200) -> "subprocess.CompletedProcess[str]":
    """Runs `stgnf` with some arguments in the root of the project, for so long at most."""
    with tempfile.TemporaryDirectory() as folder:
        files = (Path(folder, "stdout"), Path(folder, "stderr"))
        process = server().Process(target=_command, args=(arguments, *files))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, seconds)
        printed = (file.read_text() for file in files)
        return subprocess.CompletedProcess(arguments, process.exitcode, *printed)


def _command(arguments: tuple[str, ...], *files: Path) -> None:
    for descriptor, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(ROOT)
    sys.argv = ["stgnf", *arguments]
    main()
