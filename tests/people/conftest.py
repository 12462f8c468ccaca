"""A champion whose test covers people are asked about."""

import pytest
from made_players import add_champion

from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace


@pytest.fixture
def champion(workspace: Workspace) -> ModelVersion:
    return add_champion(workspace)
