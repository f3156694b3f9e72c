"""symmusic: symbolic melodies with recurrent networks, and measures of how good they are.

Data flows one way through the rooms. A room imports itself, earlier rooms and the files beside the
rooms:
config -> score -> melody -> corpus -> model -> train -> generate -> evaluate -> experiment ->
report -> modes.
"""

__version__ = '0.1.0'
