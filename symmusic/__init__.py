"""symmusic: symbolic melodies with recurrent networks, and what makes them good.

Data flows one way through the rooms, and imports follow it:
config -> score -> melody -> corpus -> model -> train -> generate -> modes.
"""

__version__ = '0.1.0'
