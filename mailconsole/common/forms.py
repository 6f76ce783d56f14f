"""Every Django form is rendered with our field template: label, help, unit, and the error at the field."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class KitRenderer(TemplatesSetting):
    """Looks in templates/ first; widgets we don't restyle come from Django."""

    form_template_name = "_kit/form.html"
    field_template_name = "_kit/field.html"
    formset_template_name = "_kit/formset.html"
