"""One training run of the engagement network: Lightning's trainer with the best epoch kept. Minutes long, so it is not resumed."""

import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, RichProgressBar

from training.engagement_data import EngagementData
from training.engagement_module import EngagementModule
from training.logger import History, RunLogger
from training.schema import TrainerConfig
from training.tracking import Run


def fit(module: EngagementModule, data: EngagementData, config: TrainerConfig, gradient_clip: float, run: Run) -> History:
    """Train `module` and leave the best epoch's weights in it; returns the dev figures of every epoch."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*smaller than the logging interval.*")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    for name in ("lightning.pytorch.utilities.rank_zero", "lightning.pytorch.accelerators.cuda"):
        logging.getLogger(name).setLevel(logging.WARNING)
    module.train()  # a network that was read from a bundle comes without dropout
    history = History()
    progress = config.progress and sys.stderr.isatty()
    limited: dict[str, Any] = {} if config.max_steps is None else {"max_steps": config.max_steps}
    with tempfile.TemporaryDirectory() as folder:
        keep = ModelCheckpoint(dirpath=folder, filename="best", monitor="dev/score", mode="max", save_weights_only=True)
        callbacks: list[lightning.Callback] = [history, keep, EarlyStopping("dev/score", mode="max", patience=config.patience)]
        if progress:
            callbacks.append(RichProgressBar(leave=True))
        trainer = lightning.Trainer(
            accelerator=config.accelerator, devices=config.devices, precision="32-true", max_epochs=config.max_epochs,
            deterministic=config.deterministic, benchmark=False, logger=RunLogger(run), callbacks=callbacks,
            num_sanity_val_steps=0, enable_model_summary=False, enable_progress_bar=progress,
            gradient_clip_val=gradient_clip, log_every_n_steps=10, **limited,
        )  # fmt: skip
        try:
            trainer.fit(module, datamodule=data)
        except BaseException:
            run.end("FAILED")
            raise
        if Path(keep.best_model_path).is_file():
            module.load_state_dict(torch.load(keep.best_model_path, weights_only=True, map_location="cpu")["state_dict"])
    module.to("cpu").eval()
    return history
