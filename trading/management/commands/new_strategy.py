"""`manage.py new_strategy NAME`: a strategy of one's own to begin with, which runs as it is."""

import keyword
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from bots.strategies.registry import available, broken
from trading.strategies import template
from trading.strategies.base import NAME

NEXT: Final = """Written to {path}

It works as it is: a rolling z-score of the gap between two markets. Make it yours, then

  manage.py check_strategies {name}
  manage.py backtest --strategy {name} --data1 F --data2 F --params P.json

docs/strategies.md explains every part."""


class Command(BaseCommand):
    help = "Writes a strategy that works, to be changed, into the folder STRATEGY_DIR."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="small letters, digits and underscores, a letter first")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["name"]
        if not NAME.fullmatch(name) or keyword.iskeyword(name):
            raise CommandError(f"{name}: a name has 1 to 40 small letters, digits and underscores, a letter first")
        if name in {*(it.name for it in available()), *(it.name for it in broken())}:
            raise CommandError(f"{name}: there is a strategy of this name already")
        path = Path(settings.STRATEGY_DIR) / f"{name}.py"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("x", encoding="utf-8") as file:
                file.write(_source(name))
        except FileExistsError:
            raise CommandError(f"{path}: exists already") from None
        except OSError as error:
            raise CommandError(f"{path}: cannot be written: {error.strerror}") from error
        self.stdout.write(NEXT.format(path=path, name=name))


def _source(name: str) -> str:
    text = Path(template.__file__).read_text(encoding="utf-8")
    words = name.split("_")
    changes = {
        "class Template(": f"class {''.join(word.capitalize() for word in words)}(",
        'name = "template"': f'name = "{name}"',
        'title = "Rolling z-score"': f'title = "{" ".join(words).capitalize()}"',
    }
    for old, new in changes.items():
        text = text.replace(old, new)
    return text
