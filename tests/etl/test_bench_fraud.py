"""The benchmark on real sign-ups, on a made-up file of the same form."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from etl.bench.fraud import bench_fraud_ecom
from graph.errors import SourceError

HEAD = (
    "user_id,signup_time,purchase_time,purchase_value,device_id,source,browser,sex,age,"
    "ip_address,class,country"
)
FIGURES = {"auroc", "average_precision", "recall_at_1pct_fpr"}


def _row(user: int, minute: int, device: str, ip: float, fraud: int) -> str:
    time = f"2015-01-{1 + minute // 1440:02d} {minute // 60 % 24:02d}:{minute % 60:02d}:00"
    return f"{user},{time},{time},20.0,{device},SEO,Chrome,M,30.0,{ip},{fraud},"


def _file(folder: Path, rng: np.random.Generator) -> Path:
    """Three hundred honest sign-ups, and rings of six on one device and address in one minute."""
    rows = [
        _row(user, int(rng.integers(0, 10 * 1440)), f"D{user}", 1.6e9 + 300 * user, 0)
        for user in range(300)
    ]
    for ring in range(20):
        minute = 700 * ring + 3
        rows += [
            _row(1000 + 10 * ring + n, minute, f"R{ring}", 2.1e9 + 300 * ring, 1) for n in range(6)
        ]
    path = folder / "accounts.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEAD, *rows, ""]).encode()))
    return path


def test_the_service_sees_rings_that_come_within_one_minute(tmp_path):
    path = _file(tmp_path, np.random.default_rng(3))

    figures = bench_fraud_ecom(path)

    assert (
        set(figures["product"]) == set(figures["own"]) == set(figures["causal_counts"]) == FIGURES
    )
    assert set(figures["batch_counts"]) == set(figures["product_batch"]) == FIGURES
    assert figures["signups"] == 420
    # five of six have a mate before them; the first of each ring looks like anybody
    assert figures["product"]["recall_at_1pct_fpr"] > 0.7
    assert figures["own"]["recall_at_1pct_fpr"] < 0.3
    # looking back from the end, the first has mates as well
    assert figures["product_batch"]["recall_at_1pct_fpr"] > 0.9
    assert figures["product"]["auroc"] < figures["product_batch"]["auroc"]
    assert figures["time_split"]["product"]["auroc"] > figures["time_split"]["own"]["auroc"]


def test_the_same_file_gives_the_same_figures(tmp_path):
    path = _file(tmp_path, np.random.default_rng(3))

    assert bench_fraud_ecom(path) == bench_fraud_ecom(path)


def test_another_table_is_refused_with_its_name(tmp_path):
    path = tmp_path / "accounts.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(SourceError, match=r"accounts\.csv"):
        bench_fraud_ecom(path)
