"""Similar covers to kill: it says when its second batch is before the network, and waits there."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from albumart.album import Origin
from albumart.embedded.platform import current_endpoints
from albumart.serving.predictor import Predictor
from albumart.settings import load_settings
from albumart.similar import SimilarCovers
from albumart.stores.workspace import open_workspace


class Waiting(Predictor):
    """Looks at one batch."""

    asked = 0

    def features(self, pixels: Any) -> Any:
        self.asked += 1
        if self.asked > 1:
            sys.stdout.write("in the middle\n")
            sys.stdout.flush()
            threading.Event().wait()
        return super().features(pixels)


if __name__ == "__main__":
    endpoints = current_endpoints(load_settings())
    assert endpoints is not None
    with open_workspace(endpoints, Path(os.environ["CACHE"]), Origin.SANDBOX) as workspace:
        version = workspace.models.champion("made")
        assert version is not None
        predictor = Waiting.of_version(version, workspace)
        SimilarCovers.of_version(version, workspace, predictor=predictor)
