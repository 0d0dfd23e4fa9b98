"""Pages of every list in the API."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        """More than `max_page_size` means that many; what is no size at all is refused instead of ignored."""
        text = request.query_params.get("page_size", str(self.page_size))
        if not (text.isascii() and text.isdigit() and int(text[:9])):
            raise ValidationError({"page_size": [_("Enter a whole number above 0.")]})
        return min(int(text[:9]), self.max_page_size)
