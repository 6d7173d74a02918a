"""`stgnf watch`: live scores as a program, like `stgnf stream`, with a page to watch them on."""

import os
import time

from ml_collections import ConfigDict

from stgnf_jax.stream_server import StreamOptions, load_models, make_service, serve_lines
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
    history = new_history(lambda _: None, options.max_cameras)
    scene = Scene(models[0].config.skeleton, models[0].resolution)
    with listen_at(address) as listening, serve_page(history, scene, listening, address.host):
        service = make_service(config, models, options)
        serve_lines(
            service, options, lambda raw, answered: see(history, raw, answered, time.time())
        )
