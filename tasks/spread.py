"""Jitter: scheduled runs that do not all begin at the same second."""

import logging
import random
import time

from prefect import task

logger = logging.getLogger("albumart.tasks")


@task(task_run_name="start-within-{minutes}-minutes")
def spread_start(minutes: float) -> float:
    """Wait for a random while of up to ``minutes``; the seconds that it was.

    Prefect's schedules know no jitter, but give parameters: only scheduled runs wait.
    """
    seconds = random.uniform(0, 60 * minutes)  # noqa: S311 - not a secret
    logger.info("begins in %.1f minutes", seconds / 60)
    time.sleep(seconds)
    return seconds
