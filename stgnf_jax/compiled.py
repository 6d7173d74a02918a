"""Compiled functions on disk, so that the next process need not compile them."""

import os
import stat
from pathlib import Path

import jax
from absl import logging

# Seconds of compiling from which on a function is kept.
WORTHWHILE = 0.05


def keep_compiled(cache_dir: str) -> None:
    """Has JAX keep what it compiles in `cache_dir`/compiled, for this kind of processor.

    Where JAX has been told of another folder, that one stays. Nothing is kept when `cache_dir` is
    empty, nor, with a warning, when the folder cannot be written. What lies there is run, so a
    folder that others may write into is not used either.
    """
    if not cache_dir or jax.config.values["jax_compilation_cache_dir"]:
        return
    folder = Path(cache_dir).expanduser() / "compiled"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_ours(folder)
    except OSError as error:
        logging.warning("compiled functions are not kept in %s (%s)", folder, error)
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTHWHILE)


def _check_ours(folder: Path) -> None:
    """Raises PermissionError unless this user, and no one else, may write into a folder."""
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("others may write into it, and what lies there is run")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError("it cannot be written")
