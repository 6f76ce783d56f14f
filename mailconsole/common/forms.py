"""Every Django form is rendered with our field template: label, help, unit, and the error at the field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting


class KitBoundField(BoundField):
    """Gives each widget the class of its kind; `attrs={"data-unit": "s"}` on a widget puts the unit beside it."""

    @property
    def unit(self) -> str:
        return str(self.field.widget.attrs.get("data-unit", ""))

    @property
    def is_conditional(self) -> bool:
        """Needed only with a certain answer of another field: neither required nor called optional."""
        return "data-conditional" in self.field.widget.attrs

    @property
    def is_optional(self) -> bool:
        """Whether the page says so: not where something stands in the field anyway, a default or a choice."""
        is_answered = isinstance(self.field.widget, forms.Select) or getattr(self.field, "has_default", False)
        return not self.field.required and not self.is_conditional and not is_answered

    @property
    def is_box(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)

    @property
    def is_choices(self) -> bool:
        return isinstance(self.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)

    def build_widget_attrs(self, attrs: Any, widget: Any = None) -> Any:
        built = super().build_widget_attrs(attrs, widget)
        known = (widget or self.field.widget).attrs.get("class", "")
        built["class"] = " ".join(filter(None, [known, self._kind(), "is-invalid" if self.errors else ""]))
        return built

    def _kind(self) -> str:
        if self.is_box or self.is_choices:
            return "form-check-input"
        return "form-select" if isinstance(self.field.widget, forms.Select) else "form-control"


class KitRenderer(TemplatesSetting):
    """Looks in templates/ first; widgets we don't restyle come from Django."""

    form_template_name = "_kit/form.html"
    field_template_name = "_kit/field.html"
    formset_template_name = "_kit/formset.html"
    bound_field_class = KitBoundField
