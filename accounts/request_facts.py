"""Where the work that is going on came from: a page, the API, a chat, an operator's command, the program itself."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE, API, SOCKET, CHAT, COMMAND, PROGRAM = "page", "api", "socket", "chat", "command", "program"

AGENT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class RequestFacts:
    source: str  # one of the names above
    ip: str | None = None
    user_agent: str = ""


_current: ContextVar[RequestFacts | None] = ContextVar("request_facts", default=None)


def request_facts() -> RequestFacts:
    """Those of the request being answered; outside of one, those of this process."""
    return _current.get() or _of_process()


@contextmanager
def facts_kept(facts: RequestFacts) -> Iterator[None]:
    token = _current.set(facts)
    try:
        yield
    finally:
        _current.reset(token)


@cache
def _of_process() -> RequestFacts:
    program = Path(sys.argv[0]).name
    if program != "manage.py":
        return RequestFacts(PROGRAM, user_agent=program[:AGENT_LENGTH])
    command = " ".join([program, *sys.argv[1:2]])
    return RequestFacts(COMMAND, user_agent=f"{command} ({_operator()})"[:AGENT_LENGTH])


def _operator() -> str:
    """A container may run under a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"
