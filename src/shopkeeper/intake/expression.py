"""The small declarative language in which a column mapping says where a field's value comes from."""

import string
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, model_validator

from shopkeeper.intake import cast
from shopkeeper.settings import Section

PLACES = ("file", "line")
"""Names a template may use beside the file's columns."""

Choice = Literal["most_frequent", "first", "last", "median"]


class Condition(Section):
    """One case of a rule: the first whose test holds decides."""

    column: str = Field(description="The column that is tested.")
    then: str = Field(description="The value when the test holds.")
    equals: str | None = Field(None, description="Holds where the cell is this text.")
    starts_with: str | None = Field(None, description="Holds where the cell begins with this text.")
    matches: str | None = Field(None, description="Holds where this regular expression (RE2) is found in the cell.")
    below: float | None = Field(None, description="Holds where the cell is a number below this.")
    above: float | None = Field(None, description="Holds where the cell is a number above this.")

    @model_validator(mode="after")
    def _one_test(self) -> "Condition":
        tests = [name for name in _TESTS if getattr(self, name) is not None]
        if len(tests) != 1:
            raise ValueError(f"a case needs exactly one of {', '.join(_TESTS)}")
        return self

    def holds(self, table: pa.Table) -> pa.Array:
        """bool (n,), never null."""
        cells = cast.flat(table[self.column])
        if self.below is not None or self.above is not None:
            numbers, _ = cast.number(cells)
            found = pc.less(numbers, self.below) if self.below is not None else pc.greater(numbers, self.above)
        elif self.equals is not None:
            found = pc.equal(cast.text(cells), self.equals)
        elif self.starts_with is not None:
            found = pc.starts_with(cast.text(cells), self.starts_with)
        else:
            found = pc.match_substring_regex(cast.text(cells), str(self.matches))
        return pc.fill_null(found, False)


_TESTS = ("equals", "starts_with", "matches", "below", "above")


class Expression(Section):
    """Where one field comes from. In the settings a bare string is a column, or a template when it has braces."""

    column: str | None = Field(None, description="The column.")
    template: str | None = Field(
        None, description="Text with columns in braces; {file} and {line} say where the row is."
    )
    constant: str | None = Field(None, description="The same value in every row.")
    product: tuple[str, ...] | None = Field(None, min_length=1, description="These columns multiplied.")
    when: tuple[Condition, ...] | None = Field(None, min_length=1, description="Cases; the first that holds decides.")
    otherwise: str = Field("", description="With `when`: the value where no case holds.")
    absolute: bool = Field(False, description="Drop a number's sign.")
    remove_suffix: str = Field("", description="Text to cut from the end.")
    split: str = Field("", description="Separator at which the cell becomes a list.")
    format: str = Field("", description="strptime format of a moment; ISO 8601 when empty.")
    timezone: str = Field("UTC", description="Zone of moments that name none.")
    choose: Choice = Field("most_frequent", description="With `derived`: which of a product's values stands.")

    @model_validator(mode="after")
    def _one_form(self) -> "Expression":
        if sum(getattr(self, name) is not None for name in _FORMS) != 1:
            raise ValueError(f"needs exactly one of {', '.join(_FORMS)}")
        return self

    def columns(self) -> list[str]:
        """The columns of the file that this reads."""
        if self.template is not None:
            return [name for name in _names(self.template) if name not in PLACES]
        if self.when is not None:
            return [case.column for case in self.when]
        return [self.column] if self.column is not None else list(self.product or ())

    def is_moment(self) -> bool:
        """Whether this says how a moment is written."""
        return bool(self.format) or self.timezone != "UTC"

    def values(self, table: pa.Table) -> pa.Array:
        """The field's raw values (n,). `table` has the file's columns and `file` and `line`."""
        found = self._found(table)
        if self.absolute:
            numbers, _ = cast.number(found)
            found = pc.if_else(pc.is_null(numbers), cast.text(found), pc.abs(numbers).cast(pa.string()))
        if self.remove_suffix:
            words = cast.text(found)
            shorter = pc.utf8_slice_codeunits(words, 0, -len(self.remove_suffix))
            found = pc.if_else(pc.ends_with(words, self.remove_suffix), shorter, words)
        if self.split:
            found = pc.split_pattern(pc.fill_null(cast.text(found), ""), self.split)
        return found

    def _found(self, table: pa.Table) -> pa.Array:
        if self.column is not None:
            return cast.flat(table[self.column])
        if self.constant is not None:
            return pa.repeat(pa.scalar(self.constant, pa.string()), len(table))
        if self.template is not None:
            return _filled(self.template, table)
        if self.product is not None:
            result, _ = cast.number(cast.flat(table[self.product[0]]))
            for name in self.product[1:]:
                result = pc.multiply(result, cast.number(cast.flat(table[name]))[0])
            return result
        chosen = pa.repeat(pa.scalar(self.otherwise, pa.string()), len(table))
        for case in reversed(self.when or ()):
            chosen = pc.if_else(case.holds(table), case.then, chosen)
        return chosen


_FORMS = ("column", "template", "constant", "product", "when")


def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def _filled(template: str, table: pa.Table) -> pa.Array:
    pieces: list[Any] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        pieces.append(pa.scalar(literal, pa.string()))
        if name:
            pieces.append(pc.fill_null(cast.text(cast.flat(table[name])), ""))
    # a leading array keeps the result an array where the template names no column
    joined = pc.binary_join_element_wise(*pieces, "", null_handling="replace")
    return joined if isinstance(joined, pa.Array) else pa.repeat(joined, len(table))


def _short_form(given: Any) -> Any:
    if isinstance(given, str):
        return {"template": given} if "{" in given else {"column": given}
    return given


Source = Annotated[Expression, BeforeValidator(_short_form)]
"""An expression as settings write it: a column's name, a template, or a table."""


def as_list(parts: list[pa.Array]) -> pa.Array:
    """list<string> (n,): the parts side by side."""
    n, k = len(parts[0]), len(parts)
    together = pa.concat_arrays([cast.text(part) for part in parts])
    interleaved = together.take(pa.array([at for row in range(n) for at in range(row, n * k, n)], pa.int64()))
    return pa.ListArray.from_arrays(pa.array(range(0, n * k + 1, k), pa.int32()), interleaved)


def as_object(fields: dict[str, pa.Array]) -> pa.Array:
    """JSON text (n,) of an object with the fields that are not blank."""
    cells = {f"c{at}": cast.text(cells) for at, cells in enumerate(fields.values())}
    pairs = ", ".join(
        f"CASE WHEN {name} <> '' THEN to_json(?::VARCHAR) || ':' || to_json({name}) END" for name in cells
    )
    return cast.sql(f"'{{' || concat_ws(',', {pairs}) || '}}'", *fields, **cells)
