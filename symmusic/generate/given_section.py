"""A prompt that is a whole section: whether its last bar can close the section, and how its pickup
leads back.
"""

import dataclasses

import numpy as np

from symmusic.generate.prompt import Prompt
from symmusic.melody.events import from_events


def has_room(prompt: Prompt, num_steps: int) -> bool:
    """Whether the last steps of a prompt are silent."""
    notes = from_events(prompt.events)
    return not notes or notes[-1].end <= len(prompt.events) - num_steps


def closes_on(prompt: Prompt, pitch_class: int) -> bool:
    """Whether the last note of a prompt closes it: the note has the pitch class, starts in the last
    bar on a strong beat, and lasts at least the bar's `cadence_steps` or until the pickup starts.
    """
    notes, bar = from_events(prompt.events), prompt.bar
    if not notes:
        return False
    last = notes[-1]
    return (
        last.pitch % 12 == pitch_class
        and last.onset >= len(prompt.events) - bar.steps
        and last.onset % bar.steps in bar.strong
        and (
            last.end - last.onset >= bar.cadence_steps
            or last.end >= len(prompt.events) - prompt.pickup
        )
    )


def lead_back(prompt: Prompt, num_steps: int) -> Prompt:
    """The prompt with its pickup, the last `num_steps` of its first bar, copied to its end."""
    if not num_steps:
        return prompt
    bar_steps = prompt.bar.steps
    pickup = slice(bar_steps - num_steps, bar_steps)

    def led(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values[:-num_steps], values[pickup]])

    velocities = np.array(prompt.velocities, np.uint8)
    return dataclasses.replace(
        prompt,
        events=led(prompt.events),
        tokens=led(prompt.tokens),
        velocities=tuple(led(velocities)) if len(velocities) else (),
    )
