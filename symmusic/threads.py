"""Works that run at the same time: NumPy and JAX leave a second core idle most of the time, and
release Python's lock while they compute.
"""

import functools
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

NUM_AT_ONCE = 2


class shared_property(functools.cached_property):
    """A cached property that several works may ask for: one computes it, and the others wait."""

    def __init__(self, compute: Callable[[Any], Any]):
        super().__init__(compute)
        self._is_computed = threading.RLock()

    def __get__(self, instance, owner=None):
        with self._is_computed:
            return super().__get__(instance, owner)


def run_together(works: Iterable[Callable[[], Any]]) -> list:
    """The results of functions that do not depend on one another, two running at a time, the first
    ones started first. The first fault, in their order, is raised; those not yet started then never
    are. An interrupt is raised at once, while those under way run to their end.
    """
    pool = ThreadPoolExecutor(NUM_AT_ONCE)
    try:
        futures = [pool.submit(work) for work in works]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
