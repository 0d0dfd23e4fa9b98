"""What a venue's answer means, code by code: only a proven refusal of an order counts as one."""

import json
from typing import Any

import pytest

from exchanges.adapters.answers import DoneAlready, data_of
from exchanges.adapters.base_urls import rewritten
from exchanges.adapters.transport import Answer
from exchanges.errors import (
    AuthFailed,
    DuplicateOrder,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)


def answer(exchange: str, code: str, status: int, headers: dict[str, str] | None = None) -> Answer:
    bodies: dict[str, dict[str, Any]] = {
        "okx": {"code": "1", "msg": "", "data": [{"sCode": code, "sMsg": "refused"}]},
        "binance": {"code": int(code), "msg": "refused"},
        "bybit": {"retCode": int(code), "retMsg": "refused", "result": {}},
    }
    return Answer(status, headers or {}, json.dumps(bodies[exchange]))


@pytest.mark.parametrize(
    ("exchange", "code", "status", "kind", "reason"),
    [
        ("binance", "-2019", 400, Rejected, "insufficient_margin"),
        ("binance", "-2022", 400, Rejected, "reduce_only"),
        ("binance", "-4164", 400, Rejected, "notional_min"),
        ("binance", "-5022", 400, Rejected, "post_only"),
        ("binance", "-4116", 400, DuplicateOrder, ""),
        ("binance", "-2013", 400, OrderNotFound, ""),
        ("binance", "-2011", 400, OrderNotFound, ""),
        ("binance", "-2015", 401, AuthFailed, "key_or_address"),
        ("binance", "-2008", 401, AuthFailed, "key"),
        ("binance", "-1021", 400, Rejected, "clock"),
        ("binance", "-4046", 400, DoneAlready, ""),
        ("binance", "-1000", 400, OutcomeUnknown, ""),
        ("binance", "-1001", 500, OutcomeUnknown, ""),
        ("binance", "-1006", 500, OutcomeUnknown, ""),
        ("binance", "-1007", 408, OutcomeUnknown, ""),
        ("binance", "-1008", 503, OutcomeUnknown, ""),
        ("binance", "-2019", 503, OutcomeUnknown, "insufficient_margin"),
        ("binance", "-5041", 400, OutcomeUnknown, ""),
        ("binance", "-1003", 429, RateLimited, "address_limit"),
        ("binance", "-9999", 400, OutcomeUnknown, ""),
        ("okx", "51008", 200, Rejected, "insufficient_margin"),
        ("okx", "51016", 200, DuplicateOrder, ""),
        ("okx", "51065", 200, DuplicateOrder, ""),
        ("okx", "51068", 200, DuplicateOrder, ""),
        ("okx", "51063", 200, OrderNotFound, ""),
        ("okx", "51603", 200, OrderNotFound, ""),
        ("okx", "51402", 200, DoneAlready, ""),
        ("okx", "50036", 200, Rejected, ""),
        ("okx", "50105", 401, AuthFailed, "passphrase"),
        ("okx", "50004", 400, OutcomeUnknown, ""),
        ("okx", "50013", 429, RateLimited, "address_limit"),
        ("okx", "50026", 500, OutcomeUnknown, ""),
        ("okx", "51054", 200, OutcomeUnknown, ""),
        ("okx", "51149", 200, OutcomeUnknown, ""),
        ("bybit", "110007", 200, Rejected, "insufficient_margin"),
        ("bybit", "110072", 200, DuplicateOrder, ""),
        ("bybit", "170033", 200, Rejected, "insufficient_margin"),
        ("bybit", "170193", 200, Rejected, ""),
        ("bybit", "170222", 200, RateLimited, "account_limit"),
        ("bybit", "130074", 200, Rejected, "would_trigger"),
        ("bybit", "110001", 200, OrderNotFound, ""),
        ("bybit", "110043", 200, DoneAlready, ""),
        ("bybit", "10002", 200, Rejected, "clock"),
        ("bybit", "10004", 200, AuthFailed, "secret"),
        ("bybit", "10000", 200, OutcomeUnknown, ""),
        ("bybit", "10016", 200, OutcomeUnknown, ""),
        ("bybit", "170146", 200, OutcomeUnknown, ""),
        ("bybit", "10006", 200, RateLimited, "account_limit"),
    ],
)
def test_codes_of_an_order(exchange: str, code: str, status: int, kind: Any, reason: str) -> None:
    with pytest.raises(kind) as error:
        data_of(exchange, answer(exchange, code, status), mutates=True)
    assert (type(error.value).kind, error.value.code) == (kind.kind, code)
    assert error.value.reason == (reason or code)


@pytest.mark.parametrize(("exchange", "code"), [("binance", "-1001"), ("okx", "50026"), ("bybit", "10016")])
def test_the_same_failure_of_a_question_is_only_unavailable(exchange: str, code: str) -> None:
    with pytest.raises(Unavailable):
        data_of(exchange, answer(exchange, code, 500), mutates=False)


@pytest.mark.parametrize("exchange", ["okx", "binance", "bybit"])
@pytest.mark.parametrize("text", ["", "<html>", "{", "null", "7", '"ok"'])
@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_what_cannot_be_read_proves_nothing(exchange: str, text: str, status: int) -> None:
    for mutates, kind in ((True, OutcomeUnknown), (False, Unavailable)):
        with pytest.raises(kind):
            data_of(exchange, Answer(status, {}, text), mutates=mutates)


@pytest.mark.parametrize(("wish", "seconds"), [("7", 7), ("0.5", 0.5), ("", 0), ("soon", 0), ("-3", 0)])
def test_retry_after(wish: str, seconds: float) -> None:
    with pytest.raises(RateLimited) as error:
        data_of("binance", answer("binance", "-1003", 429, {"retry-after": wish}), mutates=False)
    assert error.value.retry_after_s == seconds


def test_good_answers() -> None:
    assert data_of("okx", Answer(200, {}, '{"code":"0","data":[{"sCode":"0"}]}'), mutates=True)["data"]
    assert data_of("binance", Answer(200, {}, "[1]"), mutates=True) == [1]
    assert data_of("binance", Answer(200, {}, '{"code":200,"msg":"success"}'), mutates=True)
    assert data_of("bybit", Answer(200, {}, '{"retCode":0,"result":{}}'), mutates=True)


def test_addresses_keep_their_paths() -> None:
    table = {"rest": "https://{hostname}", "fapi": {"v1": "https://fapi.example.org/fapi/v1"}, "none": None}
    assert rewritten(table, "http://127.0.0.1:9/okx/", "www.example.org") == {
        "rest": "http://127.0.0.1:9/okx",
        "fapi": {"v1": "http://127.0.0.1:9/okx/fapi/v1"},
        "none": None,
    }
