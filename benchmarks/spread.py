"""Do the same to many things on as many cores as there are. OpenCV and Tesseract let other threads run meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def spread(act: Callable[[Thing], Result], things: Iterable[Thing]) -> list[Result]:
    """Answer in the order of the things; whoever is told to end does not wait for the rest."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            return list(pool.map(act, things))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
