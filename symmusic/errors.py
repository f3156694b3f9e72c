"""The ways in which a run ends early: wrong input, or a user who stops it."""


class UserError(ValueError):
    """A user's mistake: one line that says what is wrong, where, and what is allowed.

    launch.py prints it without a traceback and exits with status 2.
    """


class ScoreError(UserError):
    """A file or tune that cannot be read as music; corpora count it by its `reason` and
    continue.
    """

    def __init__(self, reason: str, detail: str = ''):
        super().__init__(f'{reason}: {detail}' if detail else reason)
        self.reason = reason


class Interrupted(Exception):
    """The user (Ctrl-C) or the system (SIGTERM) stopped a run: one line that says where the same
    command continues, if anything was saved.
    """
