"""Works run together: the results in order, two at a time, the first fault, an interrupt."""

import os
import signal
import threading
import time

import pytest

from symmusic.errors import UserError
from symmusic.threads import run_together, shared_property


def test_results_are_in_order_and_two_run_at_a_time():
    both = threading.Barrier(2)  # a work that waits here alone would raise

    def work(number):
        if number < 2:
            both.wait(timeout=30)
        return number

    assert run_together([lambda number=number: work(number) for number in range(5)]) == [*range(5)]
    assert run_together([]) == []


def test_the_first_fault_is_raised_and_no_further_work_is_started():
    failed, over, started = threading.Event(), threading.Event(), []

    def first():
        failed.wait(timeout=30)
        raise UserError('the first')

    def second():
        failed.set()
        raise UserError('the second')

    def late():
        started.append(late)
        over.wait(timeout=30)

    with pytest.raises(UserError, match='the first'):
        run_together([first, second, *[late] * 9])
    over.set()
    assert len(started) <= 2


def test_an_interrupt_is_raised_while_works_are_under_way():
    """By the handler of the command line."""
    over, ended = threading.Event(), []

    def interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
        work()

    def work():
        over.wait(timeout=30)
        ended.append(work)

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_together([interrupt, work, work])
        assert not ended
    finally:
        signal.signal(signal.SIGTERM, before)
        over.set()


def test_a_shared_property_is_computed_once():
    asked, num_computed = threading.Barrier(2), []

    class Owner:
        @shared_property
        def value(self):
            num_computed.append(1)
            time.sleep(0.05)  # the other one asks meanwhile
            return object()

    def work():
        asked.wait(timeout=30)
        return owner.value

    owner, other = Owner(), Owner()
    one, two = run_together([work, work])
    assert one is two is owner.value
    assert len(num_computed) == 1
    assert other.value is not one
