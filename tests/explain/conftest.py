"""A small network trained on covers whose class one patch tells."""

import keras
import pytest
from explained_models import SIDE, trained_model

from albumart.sandbox.planted import PlantedCovers, made_planted


@pytest.fixture(scope="session")
def trained() -> keras.Model:
    return trained_model()


@pytest.fixture(scope="session")
def covers() -> PlantedCovers:
    """That the network has not seen."""
    return made_planted(12, side=SIDE, seed=2)
