"""The modes of launch.py: each file is one, and says in which order the rooms before it are used."""
