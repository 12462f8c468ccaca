"""The command that a report says repeats a run."""

from tasks.resources import command_line


def test_options_that_were_given_are_told_and_flags_stand_alone() -> None:
    options = {"sandbox": True, "real": None, "limit": 5, "weights": "a b.h5"}
    told = command_line("allmusic-mood", options)
    assert told == "albumart run allmusic-mood --sandbox --limit 5 --weights 'a b.h5'"
    assert command_line("x", {"sandbox": False, "limit": None}) == "albumart run x"
