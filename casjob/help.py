"""How the help of a command looks: options in groups, and examples as they are typed."""

from typing import Any

from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose options are grouped, and whose epilog holds examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options group by group."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            _, text = record
            if parameter.param_type_name == "argument":
                # Its metavar alone: Typer adds the type.
                several = "" if parameter.nargs == 1 else "..."
                sections["Arguments"].append((f"{parameter.metavar}{several}", text))
            else:
                title = getattr(parameter, "rich_help_panel", None) or "Options"
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            if not records:
                continue
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, a line each."""
        del ctx
        with formatter.section("Examples"):
            for line in (self.epilog or "").splitlines():
                formatter.write(f"  {line}\n")


class Commands(TyperGroup):
    """The commands, without Typer's two options that install completion scripts."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before a command; the scripts are in completions/."""
        installers = {"install_completion", "show_completion"}
        return [each for each in super().get_params(ctx) if each.name not in installers]
