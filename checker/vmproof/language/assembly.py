"""Assembly text of instructions, from the templates of the description (formats: see `templates`)."""

from __future__ import annotations

from collections.abc import Mapping

from vmproof.language.encoding import Encoding
from vmproof.language.forms import Form, Forms
from vmproof.language.patterns import DONT_CARE
from vmproof.language.templates import Place, check_places, fill, number_text


def check_template(template: str, encoding: Encoding) -> None:
    """Raises PatternError, with the offset in `template`, unless it names operands of `encoding` only, in formats that fit them."""
    widths = {name: width for name, width in encoding.variables if name != DONT_CARE}
    check_places(template, widths, encoding.forms)


def render(template: str | None, name: str, encoding: Encoding, values: Mapping[str, int]) -> str:
    """The assembly text of the instruction `name` whose operands have `values`.

    `{ea}` stands for the text of the form that `ea` has. Without a template the text is `name rd=1, ea=disp(reg=3, d16=8)`.
    """
    if template is not None:
        return _filled(template, "", encoding.widths, encoding.forms, values)
    plain = [variable for variable, _ in encoding.variables if variable != DONT_CARE and "." not in variable]
    texts = {variable: f"{variable}={values.get(variable, 0)}" for variable in plain}
    texts |= {operand: f"{operand}={_form_text(operand, forms, values)}" for operand, forms in encoding.forms.items()}
    order = dict.fromkeys(variable.partition(".")[0] for variable, _ in encoding.variables if variable != DONT_CARE)
    return f"{name} {', '.join(texts[operand] for operand in order)}" if order else name


def _filled(template: str, prefix: str, widths: Mapping[str, int], forms: Mapping[str, Forms], values: Mapping[str, int]) -> str:
    def text_of(place: Place) -> str:
        if place.name in forms:
            return _form_text(prefix + place.name, forms[place.name], values)
        value = values.get(prefix + place.name, 0)
        if place.name.endswith(".form"):
            return _forms_at(place.name.removesuffix(".form"), forms).names[value]
        return number_text(value, widths[place.name], place.style)

    return fill(template, text_of)


def _forms_at(path: str, forms: Mapping[str, Forms]) -> Forms:
    """The forms operand called `ea`, or `ea.sib` for one that is nested in it."""
    first, *inner = path.split(".")
    found = forms[first]
    for name in inner:
        found = next(nested for form in found.alternatives for operand, nested in form.nested if operand == name)
    return found


def _form_text(operand: str, forms: Forms, values: Mapping[str, int]) -> str:
    form = forms.alternatives[values.get(f"{operand}.form", 0)]
    nested = dict(form.nested)
    if form.asm is not None:
        return _filled(form.asm, f"{operand}.", dict(form.fields), nested, values)
    return _plain_form(operand, form, nested, values)


def _plain_form(operand: str, form: Form, nested: Mapping[str, Forms], values: Mapping[str, int]) -> str:
    parts = []
    for name in dict.fromkeys(field.partition(".")[0] for field, _ in form.fields):
        path = f"{operand}.{name}"
        parts.append(f"{name}={_form_text(path, nested[name], values) if name in nested else values.get(path, 0)}")
    return f"{form.name}({', '.join(parts)})" if parts else form.name
