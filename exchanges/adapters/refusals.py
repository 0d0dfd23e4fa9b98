"""What the venues' error codes mean. What is not named here proves nothing: an order's outcome is then unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Meaning(Enum):
    REFUSED = auto()
    """Looked at and refused: nothing was done."""
    DUPLICATE = auto()
    NOT_FOUND = auto()
    AUTH = auto()
    RATE = auto()
    CLOCK = auto()
    """Refused because of its time stamp: nothing was done."""
    DONE_ALREADY = auto()
    """What was asked for is so already."""


@dataclass(frozen=True, slots=True)
class Codes:
    """`spans` are refusals from the first to the last code, both included; `meanings` goes before them.

    `unproven` are codes within a span that leave open whether an order was accepted.
    """

    meanings: Mapping[str, Meaning]
    spans: tuple[tuple[int, int], ...]
    unproven: frozenset[int]
    reasons: Mapping[str, str]

    def meaning(self, code: str) -> Meaning | None:
        if code in self.meanings:
            return self.meanings[code]
        try:
            number = int(code)
        except ValueError:
            return None
        inside = any(first <= number <= last for first, last in self.spans)
        return Meaning.REFUSED if inside and number not in self.unproven else None


def _named(**codes: str) -> dict[str, Meaning]:
    return {code: Meaning[name] for name, text in codes.items() for code in text.split()}


def _reasons(**codes: str) -> dict[str, str]:
    return {code: name for name, text in codes.items() for code in text.split()}


BINANCE: Final = Codes(
    meanings=_named(
        DUPLICATE="-4116",
        NOT_FOUND="-2013 -2011",
        AUTH="-1002 -1005 -1011 -1022 -1099 -2008 -2014 -2015 -2017 -4056 -4057 -4084 -4085",
        RATE="-1003 -1015",
        CLOCK="-1021 -5028",
        DONE_ALREADY="-4046 -4059",
        REFUSED="-1013 -1014 -1020 -1023",
    ),
    spans=((-1136, -1100), (-2028, -2010), (-4531, -4000), (-5049, -5021)),
    unproven=frozenset({-5041}),
    reasons=_reasons(
        insufficient_margin="-2018 -2019",
        reduce_only="-2022 -4118",
        notional_min="-4164",
        post_only="-5022",
        would_trigger="-2021",
        leverage="-4028 -2027 -2028",
        margin_mode="-4047 -4048 -4049",
        position_mode="-4067 -4068 -4061",
        unknown_market="-1121",
        not_trading="-4140 -4141",
        lot="-1111 -4003 -4004 -4005",
        tick="-4014",
        clock="-1021",
        key="-2008 -2014",
        key_or_address="-2015",
        secret="-1022",
    ),
)

OKX: Final = Codes(
    meanings=_named(
        DUPLICATE="51016 51065 51068",
        NOT_FOUND="51063 51603 51400 51503 51509",
        AUTH=(
            "50100 50101 50103 50104 50105 50106 50107 50110 50111 50113 50114 50119 50120 50035 50007 "
            "50008 50009 50012"
        ),
        RATE="50011 50040 50061 51113",
        CLOCK="50102 50112 50036 50037 50038",
        REFUSED=(
            "50000 50002 50006 50014 50015 50016 50024 50025 50027 50044 50115 51502 54008 54009 54011 "
            "51279 59000 59102 59107 59200"
        ),
        DONE_ALREADY="51401 51402 51410",
    ),
    spans=((51000, 51299), (51321, 51399), (59000, 59699)),
    unproven=frozenset({51054, 51149}),
    reasons=_reasons(
        insufficient_margin="51008 51119 51127 51131",
        reduce_only="51169 51170 51205 51023",
        would_trigger="51278 51280",
        leverage="59102 59103 59104 51051",
        margin_mode="59000 59001",
        unknown_market="51001",
        not_trading="51021 51022 51027 51028",
        lot="51121 51020",
        clock="50102 50112",
        key="50111 50119",
        environment="50101",
        secret="50113",
        passphrase="50105 50104",
        address="50110 50035",
        permission="50120",
    ),
)

BYBIT: Final = Codes(
    meanings=_named(
        DUPLICATE="110072 110030 170141 10014 12141",
        NOT_FOUND="110001 170143 170213",
        AUTH="10003 10004 10005 10007 10008 10010 33004",
        RATE="10006 10009 10018 10429 170005 170222",
        CLOCK="10002",
        REFUSED=(
            "10001 10017 10020 10024 10027 10028 10029 170033 170034 170105 170115 170116 170117 170121 170124 170130 "
            "170131 170132 170133 170134 170135 170136 170137 170140 170148 170151 170157 170159 170192 170193 170194 "
            "170197 170198 170201 170202 170203 170204 170210 170217 170218 170223 170224 170226 170228 170229 "
            "100028 181000 181001 182000 130006 130021 130074"
        ),
        DONE_ALREADY="110008 110010 110025 110026 110043 170139 170142",
    ),
    spans=((110003, 110105),),
    unproven=frozenset(),
    reasons=_reasons(
        insufficient_margin="110004 110006 110007 110012 110014 110044 110045 170033 170034 170131 170223 170226",
        reduce_only="110017",
        notional_min="110094 170140",
        would_trigger="110092 110093 130074",
        leverage="110013",
        margin_mode="110028 110024",
        unknown_market="10029",
        not_trading="110023 110074",
        clock="10002",
        key="10003",
        expired="33004",
        secret="10004",
        address="10010",
        permission="10005",
    ),
)

CODES: Final[Mapping[str, Codes]] = {"okx": OKX, "binance": BINANCE, "bybit": BYBIT}
