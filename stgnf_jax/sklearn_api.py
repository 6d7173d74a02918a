"""The flow as an estimator of scikit-learn, to stand beside other detectors of outliers."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model, score_windows
from stgnf_jax.pose_input import Poses, as_tracks
from stgnf_jax.skeleton import load_skeleton, make_skeleton
from stgnf_jax.window_training import WindowTraining, fit_windows
from stgnf_jax.windows import check_windows, gather, index_windows, normalise


class PoseAnomalyDetector(OutlierMixin, BaseEstimator):
    """A normalizing flow over windows of poses; higher scores are more normal.

    X holds a window a row, (n_windows, T * V * C): what `window_matrix` makes, flattened in the
    order frame, joint, channel. T follows from the number of features.

    Args:
      skeleton: name or JSON file, gives V; None for features that are no poses, the channels of
        one joint in one frame.
      channels: C, 2 for (x, y), 3 with confidence; not used without a skeleton.
      num_steps: K, flow steps.
      epochs: passes over the training windows.
      batch_size: windows of a step.
      learning_rate: of Adamax.
      contamination: share of the training windows that `predict` calls outliers, in (0, 0.5].
      random_state: of first weights and order: a seed, a RandomState or None.

    Attributes:
      model_: the trained flow, a `stgnf_jax.Model`.
      offset_: `decision_function` is `score_samples` less this.
      n_features_in_: T * V * C.
    """

    def __init__(
        self,
        *,
        skeleton: str | None = "openpose18",
        channels: int = 2,
        num_steps: int = 8,
        epochs: int = 8,
        batch_size: int = 256,
        learning_rate: float = 5e-4,
        contamination: float = 0.1,
        random_state: Any = 0,
    ) -> None:
        self.skeleton = skeleton
        self.channels = channels
        self.num_steps = num_steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.contamination = contamination
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: None = None) -> Self:  # noqa: ARG002
        """Trains on windows, (n_windows, T * V * C), that are normal for the most part.

        Raises:
          ValueError: X or a parameter cannot be used.
        """
        x = validate_data(self, X, dtype=np.float32, ensure_min_samples=2, ensure_min_features=2)
        if not 0 < self.contamination <= 0.5:
            raise ValueError(f"contamination must be in (0, 0.5], got {self.contamination}")
        flow = self._flow(x.shape[1])
        training = WindowTraining(self.epochs, self.batch_size, self.learning_rate)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        variables = fit_windows(flow, x.reshape(-1, *flow.event_shape), training, seed)
        self.model_ = Model(flow, variables, (1.0, 1.0))
        self.offset_ = float(np.quantile(self._score(x), self.contamination))
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Normality of windows, (n_windows,): -nll in bits per dimension (paper section 4.1).

        Raises:
          ValueError: X has another number of features than in `fit`, or is not finite.
        """
        check_is_fitted(self)
        return self._score(validate_data(self, X, dtype=np.float32, reset=False))

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """`score_samples` less `offset_`: negative for outliers, (n_windows,)."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """-1 for outliers, 1 for others, (n_windows,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _score(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        windows = x.reshape(-1, *self.model_.config.event_shape)
        return score_windows(self.model_, windows).astype(np.float64)

    def _flow(self, features: int) -> FlowConfig:
        if self.skeleton is None:
            joint = make_skeleton("one joint", 1, ())
            flow = FlowConfig(1, joint, channels=features, num_steps=self.num_steps)
            return flow.check()
        skeleton = load_skeleton(self.skeleton)
        frames, rest = divmod(features, skeleton.num_joints * self.channels)
        if rest:
            raise ValueError(
                f"X has {features} features, which is no number of frames of "
                f"{skeleton.num_joints} joints in {self.channels} channels"
            )
        return FlowConfig(
            frames, skeleton, channels=self.channels, num_steps=self.num_steps
        ).check()  # fmt: skip


def window_matrix(
    poses: Poses,
    *,
    skeleton: str = "openpose18",
    segment_length: int = 24,
    channels: int = 2,
    resolution: tuple[float, float] = (856.0, 480.0),
    stride: int = 1,
) -> NDArray[np.float32]:
    """Normalised windows of poses, a row each: (n_windows, T * V * C).

    Args:
      poses: a folder of pose files, a pose file, tracks or arrays: see `pose_input.as_tracks`.
      skeleton: name or JSON file.
      segment_length: T.
      channels: C, 2 for (x, y), 3 with confidence.
      resolution: width and height of the video in pixels.
      stride: detections from one window of a track to the next.

    Raises:
      InputError: anything wrong with the poses.
    """
    tracks = as_tracks(poses, load_skeleton(skeleton))
    windows = index_windows(tracks, length=segment_length, stride=stride)
    windows, _ = check_windows(tracks, windows, segment_length)
    x = gather(tracks.keypoints, windows.start, segment_length)[..., :channels]
    return np.asarray(normalise(x, resolution)).reshape(len(windows.start), -1)
