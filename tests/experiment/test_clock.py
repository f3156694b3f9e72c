"""The time left is that of the arms to come, by the mean of those that were worked on."""

from symmusic.experiment import clock as module
from symmusic.experiment.clock import Clock


def test_arms_that_were_done_before_do_not_count(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, 'perf_counter', lambda: now[0])
    clock = Clock(4)
    assert (clock.arm(), clock.left()) == ('1 of 4', '')
    now[0] = 1.0  # finished in an earlier session: read in a second
    clock.end_arm()
    assert (clock.arm(), clock.left()) == ('2 of 4', '')
    clock.tick()
    clock.tick()
    now[0] = 601.0
    clock.end_arm()
    assert (clock.arm(), clock.left()) == ('3 of 4', '; about 20 min left for all')
    clock.tick()
    now[0] = 601.0 + 1200.0
    clock.end_arm()
    assert (clock.arm(), clock.left()) == ('4 of 4', '; about 15 min left for all')
