"""Synthetic populations with known truth, and the deposits and registers that are drawn from them."""

from fjo_pipeline.synthetic.world import (
    DATASETS,
    SyntheticFiles,
    World,
    build_world,
    write_deposit_and_truth,
    write_synthetic,
)

__all__ = ["DATASETS", "SyntheticFiles", "World", "build_world", "write_deposit_and_truth", "write_synthetic"]
