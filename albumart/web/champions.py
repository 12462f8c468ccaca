"""The studies' champions, loaded and kept warm; a new one answers without a restart."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from albumart.album import Origin
from albumart.dataset.manifest import Manifest, read_manifest
from albumart.errors import AlbumArtError, NotFound
from albumart.scoring import origin_of
from albumart.serving.intended import carries_several
from albumart.serving.predictor import Predictor, find_champion
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import load_study

logger = logging.getLogger(__name__)

KEPT: Final = 3  # networks in memory


@dataclass(frozen=True)
class Live:
    """A champion with its network in memory, and the stores that it learnt from."""

    version: ModelVersion
    workspace: Workspace
    predictor: Predictor = field(repr=False)

    @property
    def several(self) -> bool:
        """Whether a cover may carry several labels."""
        return carries_several(self.version)

    @cached_property
    def manifest(self) -> Manifest:
        """The dataset of the version."""
        return read_manifest(self.workspace.objects, self.version.dataset)

    @cached_property
    def title(self) -> str:
        """Of the study, where this machine knows it."""
        return study_words(self.version.study).title

    @cached_property
    def noun(self) -> str:
        """What a label is called."""
        return study_words(self.version.study).noun


@dataclass(frozen=True, slots=True)
class StudyWords:
    """How a study is spoken of."""

    title: str
    noun: str = "genre"


def study_words(name: str) -> StudyWords:
    """Of a study that comes with the package; of any other, what its name says."""
    try:
        study = load_study(name)
    except AlbumArtError:
        return StudyWords(name)
    return StudyWords(study.title, study.labels.noun)


class Champions:
    """Champions by study. What is known of the registry is at most ``look_seconds`` old."""

    def __init__(
        self,
        workspaces: Mapping[Origin, Workspace],
        *,
        only: str | None = None,
        look_seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspaces, self._only = workspaces, only
        self._look_seconds, self._clock = look_seconds, clock
        self._live: OrderedDict[str, Live] = OrderedDict()
        self._looked: dict[str, float] = {}
        self._studies: tuple[float, list[str]] | None = None
        self._lock = threading.Lock()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="web-champion")
        self._loading: set[str] = set()

    @property
    def anywhere(self) -> Workspace:
        """A workspace for what all origins share: models and objects."""
        return next(iter(self._workspaces.values()))

    def studies(self) -> list[str]:
        """Names of the studies that have a model and are shown."""
        now = self._clock()
        if self._studies is None or now - self._studies[0] > self._look_seconds:
            found = self.anywhere.models.studies()
            shown = [name for name in found if self._only in (None, name)]
            self._studies = (now, shown)
        return self._studies[1]

    def check_study(self, study: str) -> str:
        """The name, if the study is shown. Raises NotFound with those that are."""
        if study not in self.studies():
            there = ", ".join(self.studies()) or "none"
            raise NotFound(f"no study {study!r} has a model here; there are: {there}")
        return study

    def live(self, study: str) -> Live:
        """The study's champion. The first call loads it; where there is a new one, a thread does.

        Raises:
            NotFound: there is no such study, or it has no champion yet.
        """
        self.check_study(study)
        found = self._live.get(study)
        if found is None:
            return self._load(study)
        if self._clock() - self._looked[study] > self._look_seconds:
            self._look(study, found)
        return self._live.get(study, found)

    def warm(self) -> None:
        """Load what fits into memory, as far as it can be had."""
        for study in self.studies()[:KEPT]:
            try:
                self.live(study)
            except AlbumArtError as error:
                logger.warning("serve      %s: %s", study, error)

    def close(self) -> None:
        """Load nothing more."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def workspace_of(self, version: ModelVersion) -> Workspace:
        """The stores of the origin that the version learnt from."""
        origin = origin_of(version, self.anywhere)
        if origin not in self._workspaces:
            raise NotFound(f"the albums of origin {origin.value} are not open here")
        return self._workspaces[origin]

    def _look(self, study: str, found: Live) -> None:
        """Ask who is champion; of a new one, have the network loaded while the old one answers."""
        self._looked[study] = self._clock()
        champion = find_champion(study, self.anywhere)
        if champion.run == found.version.run:
            return
        with self._lock:
            if study in self._loading:
                return
            self._loading.add(study)
        logger.info("serve      %s: version %d is champion now", study, champion.version)
        self._loader.submit(self._replace, study)

    def _replace(self, study: str) -> None:
        try:
            self._keep(study, self._open(study))
        except AlbumArtError:
            logger.exception("serve      %s: the new champion could not be loaded", study)
        finally:
            with self._lock:
                self._loading.discard(study)

    def _load(self, study: str) -> Live:
        # In the loader's thread: of many who ask at first, all wait for the same network.
        return self._loader.submit(self._load_once, study).result()

    def _load_once(self, study: str) -> Live:
        if study not in self._live:
            self._keep(study, self._open(study))
        return self._live[study]

    def _open(self, study: str) -> Live:
        champion = find_champion(study, self.anywhere)
        workspace = self.workspace_of(champion)
        predictor = Predictor.of_version(champion, workspace)
        predictor.warm()
        return Live(champion, workspace, predictor)

    def _keep(self, study: str, live: Live) -> None:
        with self._lock:
            self._live[study] = live
            self._live.move_to_end(study)
            self._looked[study] = self._clock()
            while len(self._live) > KEPT:
                self._live.popitem(last=False)
