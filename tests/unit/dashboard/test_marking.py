"""Text in pieces: nothing is lost, nothing is added."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.marking import Piece, changes, marked


def test_passages_are_marked_wherever_they_stand() -> None:
    assert marked("see www.x.example or www.x.example", ["www.x.example"]) == [
        Piece("see "),
        Piece("www.x.example", "marked"),
        Piece(" or "),
        Piece("www.x.example", "marked"),
    ]


def test_overlapping_passages_become_one() -> None:
    assert marked("abcdef", ["abcd", "cdef"]) == [Piece("abcdef", "marked")]


def test_changes_are_told_word_by_word() -> None:
    assert changes("The seal broke", "The seal held") == [
        Piece("The seal "),
        Piece("broke", "removed"),
        Piece("held", "added"),
    ]


def test_very_long_texts_are_shown_whole() -> None:
    assert changes("a " * 4000, "b") == [Piece("a " * 4000, "removed"), Piece("b", "added")]


@given(st.text(), st.lists(st.text(max_size=4), max_size=4))
def test_marking_keeps_every_letter(text: str, passages: list[str]) -> None:
    assert "".join(piece.text for piece in marked(text, passages)) == text


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_texts_can_be_read_back_from_their_changes(old: str, new: str) -> None:
    pieces = changes(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == new
