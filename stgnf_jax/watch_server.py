"""`stgnf watch`: live scores as a program, like `stgnf stream`, with a page to watch them on."""

import functools
import os
import time

from ml_collections import ConfigDict

from stgnf_jax.stream_server import StreamOptions, load_models, make_service, serve_lines
from stgnf_jax.stream_session import Service
from stgnf_jax.watch_history import new_history, see
from stgnf_jax.watch_message import Scene
from stgnf_jax.watch_web import Address, listen_at, serve_page


def watch(
    config: ConfigDict,
    checkpoint: str | os.PathLike[str],
    options: StreamOptions,
    address: Address,
) -> None:
    """`stream_server.stream`, and a page that shows it in a browser.

    Where other machines can connect, the page asks for a token, which is in the address that is
    printed on stderr and nowhere else.

    Args:
      config: as for `stream`.
      checkpoint: as for `stream`.
      options: as for `stream`.
      address: where the page is.

    Raises:
      InputError: as `stream`, or there can be no page at that address.
    """
    models = load_models(config, checkpoint)
    scene = Scene(models[0].config.skeleton, models[0].resolution, options.max_cameras)
    with listen_at(address) as listening:
        service = make_service(config, checkpoint, models, options)
        history = new_history(functools.partial(_threshold, service), options.max_cameras)
        with serve_page(history, scene, listening, address.host):
            serve_lines(
                service, options, lambda raw, answered: see(history, raw, answered, time.time())
            )


def _threshold(service: Service, camera: str) -> float | None:
    """Of a camera's alarms."""
    rule = service.rules(camera).alarm
    return None if rule is None else rule.threshold
