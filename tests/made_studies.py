"""Studies that exist for tests alone: TOML, to be written to a file."""

from typing import Final

TWO_SOURCES: Final = """
name = "two-sources"
title = "Jazz or rock, told by two"
sandbox = true
[[collect]]
source = "itunes"
genres = ["2", "11", "21", "22"]
[[collect]]
source = "musicbrainz"
genres = ["jazz", "rock"]
[labels]
scheme = "pick_two"
classes = ["jazz", "rock"]
min_covers = 10
[model]
backbone = "small"
weights = "random"
image_size = 32
"""
