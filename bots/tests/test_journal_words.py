"""Every code that the code writes has a sentence, and every figure that a sentence names is given."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings

from bots.journal.lines import _SENTENCES, reason_text, sentence_of
from bots.journal.words import MESSAGES, REASONS

WRITERS = ("journal.write", "journal.write_seldom", "_journal")
GIVEN_BY_WRITE = {"currency"}
KNOWN_KINDS = {"", "money", "sum", "pp", "pct", "amount", "seconds", "side", "time", "action", "whose", "after_colon"}
SAMPLES = {
    "money": "-12.5",
    "sum": 1157.32,
    "pp": 1.0,
    "pct": 0.2,
    "amount": "24492.50",
    "seconds": 6.84,
    "side": -1,
    "action": "buy",
    "whose": "account",
    "time": "2025-01-02T03:04:05+00:00",
}


def _fields(template: str) -> dict[str, str]:
    """Name and kind of each figure."""
    return {name: kind or "" for _, name, kind, _ in Formatter().parse(template) if name}


def _written() -> Iterator[tuple[str, int, str, set[str]]]:
    """(file, line, code, figures) of each `journal.write` with a literal code and literal figure names."""
    for folder in ("bots", "trading"):
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            if "tests" not in path.parts:
                yield from _written_in(path)


def _written_in(path: Path) -> Iterator[tuple[str, int, str, set[str]]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in WRITERS:
            continue
        given = {keyword.arg for keyword in node.keywords}
        code = node.args[1] if len(node.args) > 1 else None
        if isinstance(code, ast.Constant) and None not in given:
            yield path.name, node.lineno, str(code.value), {name for name in given if name}


def test_every_written_code_has_its_sentence_and_figures() -> None:
    written = list(_written())
    assert written
    for file, line, code, given in written:
        assert code in MESSAGES, f"{file}:{line} writes the unknown code {code}"
        needed = set(_fields(str(MESSAGES[code]))) - GIVEN_BY_WRITE
        if "because" in needed:
            needed.discard("because")
            given |= {"reason"} if code in ("paused", "stopped", "failed") else set()
            assert "reason" in given, f"{file}:{line} gives no reason for {code}"
        assert needed <= given, f"{file}:{line} lacks {needed - given} for {code}"


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_sentences_read_well_with_and_without_figures(code: str) -> None:
    fields = _fields(str(MESSAGES[code]))
    assert set(fields.values()) <= KNOWN_KINDS
    figures = {name: SAMPLES.get(kind, "X") for name, kind in fields.items()}
    for details in ({"code": code}, {"code": code, "reason": "flat"} | figures):
        text = sentence_of(details)
        assert text.endswith(".")
        assert "{" not in text
        assert "!" not in text


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_reasons_format(reason: str) -> None:
    fields = _fields(str(REASONS[reason]))
    assert set(fields.values()) <= KNOWN_KINDS
    assert "{" not in reason_text(reason, {name: SAMPLES.get(kind, "X") for name, kind in fields.items()})


def test_figures_as_a_trader_reads_them() -> None:
    details = {"code": "closed_take_profit", "pnl": "-1234.567", "spread": -0.5, "currency": "USDT"}
    assert sentence_of(details) == "Took profit: \N{MINUS SIGN}1,234.57 USDT at a spread of \N{MINUS SIGN}0.50 pp."
    refused = {"code": "level_refused", "level": 3, "reason": "amount_min", "symbol": "GALA/USDT:USDT"}
    figures = {"amount": "0.5", "minimum": "1"}
    assert sentence_of(refused | figures) == (
        "Level 3 was not ordered: 0.5 GALA/USDT is less than the smallest order of 1."
    )
    assert sentence_of({"code": "paused", "reason": ""}) == "Paused."
    assert sentence_of({"code": "paused", "reason": "-2015 key expired"}) == "Paused: -2015 key expired."


def test_unknown_codes_are_mistakes() -> None:
    with pytest.raises(KeyError):
        sentence_of({"code": "no such thing"})
    assert _SENTENCES.vformat("{nothing:money}", (), {}) == "–"
