"""``python walked.py STUDY MIRROR LIMIT``: collect, covers, dataset and features by the runner that
the environment names; what they came to, as JSON on the last line."""

import hashlib
import json
import sys

from albumart.album import Origin
from albumart.dataset.version import build_version
from albumart.features.blocks import FeatureBlocks
from albumart.features.embeddings import embedding_name
from albumart.study import load_study
from albumart.training.networks import wanted_features
from flows.collect_albums import collect_albums
from flows.compute_features import compute_features
from flows.download_covers import download_covers
from tasks.resources import flush_logs, open_stores, prepare_study

ORIGIN = Origin.SANDBOX


def features_digest(study: str) -> str:
    """Of every row in order of its cover."""
    with open_stores() as workspace:
        (spec,) = wanted_features(prepare_study(load_study(study), workspace))
        blocks = FeatureBlocks(workspace.objects, embedding_name(spec))
        rows = {
            cover: row.tobytes()
            for covers, values in blocks.take(blocks.covers())
            for cover, row in zip(covers, values, strict=True)
        }
    return hashlib.sha256(b"".join(rows[cover] for cover in sorted(rows))).hexdigest()


def main(study: str, mirror: str, limit: int) -> None:
    collect_albums("bandcamp", origin=ORIGIN, mirror=mirror)
    covers = download_covers("bandcamp", origin=ORIGIN, mirror=mirror, limit=limit)
    with open_stores(ORIGIN) as workspace:
        dataset = build_version(load_study(study), workspace, limit=limit).digest
    counts = compute_features(study, dataset)
    found = {"covers": covers, "dataset": dataset, "features": counts}
    sys.stdout.write(json.dumps(found | {"digest": features_digest(study)}) + "\n")
    flush_logs()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
