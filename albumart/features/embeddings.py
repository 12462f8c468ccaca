"""Backbone embeddings of a whole dataset, computed once and kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.arrays import grow_array
from albumart.models.network import build_extractor, predict_proba
from albumart.models.weights import resolve_weights
from albumart.progress import progress_bar
from albumart.study import Study

if TYPE_CHECKING:
    import keras

# Small batches keep the activations in the processor's cache; 8 measured best on CPUs.
BATCH = 8


def embedding_path(folder: Path, digest: str, study: Study) -> Path:
    """Where the features of dataset ``digest`` under the study's model are kept."""
    model, weights = study.model, resolve_weights(study.model)
    identity = f"random{study.train.seed}" if weights.are_random else weights.identity[:16]
    return folder / f"{digest}-{model.backbone}-{identity}-{model.image_size}.npy"


def compute_embeddings(pixels: NDArray[np.uint8], study: Study, path: Path) -> NDArray[np.float32]:
    """``(n, s, s, 3) uint8`` → ``(n, d) float32`` at ``path``; a killed run resumes."""
    if path.is_file():  # only a finished array has this name; the network need not be built
        finished: NDArray[np.float32] = np.load(path, mmap_mode="r")
        return finished
    extractor: keras.Model = build_extractor(study.model, seed=study.train.seed)

    def block(start: int, stop: int) -> NDArray[np.float32]:
        return predict_proba(extractor, pixels[start:stop], batch_size=BATCH)

    with progress_bar(f"features of {study.model.backbone}", len(pixels)) as advance:
        return grow_array(
            path,
            shape=(len(pixels), extractor.output_shape[-1]),
            dtype=np.float32,
            blocks=block,
            progress=advance,
        )
