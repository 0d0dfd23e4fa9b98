"""Form fields drawn faster than by the library's templates."""

from collections.abc import Mapping
from typing import Any

from django.forms import Select
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class LongSelect(Select):
    """A choice among hundreds, such as a trader's bots: one template for every option would take half of the page."""

    def render(
        self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        chosen = {str(one) for one in self.format_value(value)}
        options = ((key, " selected" if str(key) in chosen else "", words) for key, words in self.choices)
        written = format_html_join("", '<option value="{}"{}>{}</option>', options)
        all_attrs = self.build_attrs(self.attrs, {"name": name, **(attrs or {})})
        return format_html("<select{}>{}</select>", flatatt(all_attrs), written)
