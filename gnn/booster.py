"""Boosted trees: the only module that imports xgboost.

Margins (log odds) go in and out as float64; files are XGBoost's own UBJSON. One thread on purpose:
two threads on two busy cores take five to fifteen times as long, and the sum of gradients then
depends on the number of threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn.leaves import Leaves
from graph.errors import BundleCorrupt

Rows = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TreeConfig:
    """How trees are grown: ``TreeConfig(trees=200, depth=4)``.

    ``child_weight`` is the least sum of weights in a leaf; ``rate`` the learning rate; shares are
    of rows and columns drawn for each tree (0..1).
    """

    trees: int = 200
    depth: int = 4
    rate: float = 0.06
    child_weight: float = 4.0
    row_share: float = 0.8
    column_share: float = 0.6
    l2: float = 4.0


class Booster:
    """A fitted forest over named columns: ``Booster.fit(...)`` or ``Booster.load(...)``."""

    def __init__(self, model: Any, columns: Sequence[str]) -> None:
        self._model = model
        self.columns = tuple(columns)

    @classmethod
    def fit(  # noqa: PLR0913 - the six things that decide a forest, all by name
        cls,
        rows: Rows,
        fraud: npt.NDArray[np.bool_],
        weight: Floats,
        *,
        columns: Sequence[str],
        config: TreeConfig,
        seed: int,
        monotone: Sequence[int] | None = None,
    ) -> "Booster":
        """Grow trees that tell ``fraud`` from the rest.

        Args:
            rows: float32 [N, F], NaN for unknown.
            fraud: bool [N].
            weight: float64 [N], >= 0; rows of weight 0 are left out.
            columns: F names.
            config: how trees are grown.
            seed: of the draw of rows and columns.
            monotone: -1, 0 or 1 a column; 1 = a higher value never lowers the margin.
        """
        import xgboost  # noqa: PLC0415 - 1.2 s that a command without a model must not pay

        used = weight > 0
        data = xgboost.DMatrix(rows[used], fraud[used].astype(np.float32), weight=weight[used])
        model = xgboost.train(_settings(config, seed, monotone), data, config.trees)
        return cls(model, columns)

    @classmethod
    def load(cls, content: bytes, columns: Sequence[str]) -> "Booster":
        """The forest of :meth:`save`.

        Raises:
            BundleCorrupt: if ``content`` is no forest over that many columns.
        """
        import xgboost  # noqa: PLC0415

        model = xgboost.Booster()
        try:
            model.load_model(bytearray(content))
        except xgboost.core.XGBoostError as error:
            raise BundleCorrupt("a forest of the bundle cannot be read") from error
        if model.num_features() != len(columns):
            raise BundleCorrupt(
                f"a forest has {model.num_features()} columns, its manifest {len(columns)}"
            )
        model.set_param({"nthread": 1})
        return cls(model, columns)

    def save(self) -> bytes:
        """The forest as UBJSON; equal forests give equal bytes."""
        return bytes(self._model.save_raw("ubj"))

    def margin(self, rows: Rows) -> Floats:
        """Log odds of each row, float64 [N]."""
        return np.asarray(self._model.inplace_predict(rows, predict_type="margin"), np.float64)

    def contributions(self, rows: Rows) -> Floats:
        """What each column adds to the margin (TreeSHAP), float64 [N, F]; the bias is left out."""
        import xgboost  # noqa: PLC0415

        shares = self._model.predict(xgboost.DMatrix(rows, nthread=1), pred_contribs=True)
        return np.asarray(shares[:, :-1], np.float64)

    def explained(self, row: npt.NDArray[np.float32]) -> tuple[float, Floats]:
        """Log odds of one row, float32 [F], and what each column adds to them, float64 [F].

        The same figures as :meth:`margin` and :meth:`contributions`, in a twentieth of the time.
        """
        if self._leaves is None:
            rows = row[np.newaxis, :]
            return float(self.margin(rows)[0]), self.contributions(rows)[0]
        return self._leaves.explained(row)

    @cached_property
    def _leaves(self) -> Leaves | None:
        return Leaves.parsed(bytes(self._model.save_raw("json")))


def _settings(config: TreeConfig, seed: int, monotone: Sequence[int] | None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": config.depth,
        "eta": config.rate,
        "min_child_weight": config.child_weight,
        "subsample": config.row_share,
        "colsample_bytree": config.column_share,
        "lambda": config.l2,
        "nthread": 1,
        "seed": seed,
        "base_score": 0.5,
    }
    if monotone is not None:
        settings["monotone_constraints"] = tuple(monotone)
    return settings
