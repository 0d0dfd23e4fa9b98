"""What the pages of searches show in their own way."""

from django import template

from trading.pages.search_view import SetRow, score_text

register = template.Library()


@register.filter
def score(value: float | None, objective: str) -> str:
    """As the objective is written."""
    return score_text(value, objective)


@register.filter
def labelled(row: SetRow, words: list[str]) -> list[tuple[str, str]]:
    """A set's values, each with what its parameter is called."""
    return list(zip(words, row.values, strict=True))


@register.filter
def columns_in_and_out(objective: str) -> range:
    """Score, net P&L, drawdown and cycles; a score that is the net P&L stands once."""
    return range(3 if objective == "net_profit" else 4)
