"""A catalogue of a few Chinese sentences, so that tests need not know those of the installation."""

from pathlib import Path
from typing import Any

import polib
import pytest

SENTENCES = {
    "must be above %(limit)s, not %(given)s": "必须大于 %(limit)s，而不是 %(given)s",
    "must be at least %(limit)s, not %(given)s": "不能小于 %(limit)s，现为 %(given)s",
    "is needed": "必填",
    "level %(level)s: %(name)s %(problem)s": "第 %(level)s 级：%(name)s %(problem)s",
    "has %(rows)s rows for max_dca_times of %(levels)s": "只有 %(rows)s 行，而 max_dca_times 为 %(levels)s",
    "there are no %(timeframe)s candles of %(exchange)s in the candle store": (
        "数据中没有 %(exchange)s 的 %(timeframe)s K 线"
    ),
    "funding of market %(number)s is known for %(share)s %% of the time in position": (
        "市场 %(number)s 的资金费率只在 %(share)s %% 的持仓时间内已知"
    ),
    "%(strategy)s: %(method)s fails in line %(line)s: %(error)s": (
        "%(strategy)s：%(method)s 在第 %(line)s 行出错：%(error)s"
    ),
    "%(strategy)s: the decision at bar %(bar)s (%(time)s UTC) depends on later bars: %(known)s from the first %(bars)s "
    "bars, %(whole)s from all": (
        "%(strategy)s：第 %(bar)s 根K 线（%(time)s UTC）的决策取决于之后的K 线："
        "前 %(bars)s 根得出%(known)s，全部得出%(whole)s"
    ),
    "nothing": "不交易",
    "the bar of %(time)s came twice": "%(time)s 的 K 线重复出现",
}


@pytest.fixture
def chinese(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("locale")
    file = folder / "zh_Hans" / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8", "Plural-Forms": "nplurals=1; plural=0;"}
    catalogue.extend(polib.POEntry(msgid=english, msgstr=words) for english, words in SENTENCES.items())
    catalogue.save_as_mofile(str(file))
    settings.LOCALE_PATHS = [folder]
