"""``worldgen doctor``."""

from __future__ import annotations

from contextlib import suppress

import click

from worldgen.cli.output import print_result, shared_options


@click.command()
@click.option("--compile", "compiles", is_flag=True, help="Compile all kernels for this machine first, on all cores.")
@shared_options
def doctor(compiles: bool, as_json: bool) -> int:
    """Check this machine and the installation; exit 4 if a part of the main job is missing."""
    from worldgen.kernels import USES, compile_ahead
    from worldgen.quality.doctor import examine
    from worldgen.rendering.gsplat_kernels import build_gsplat, torch_sees_gpu

    if compiles:
        with suppress(ImportError):  # a package that is missing is told below
            compile_ahead(USES)
        with suppress(ImportError):
            if torch_sees_gpu():
                build_gsplat()
    findings = examine()
    marks = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}
    lines = []
    for finding in findings:
        lines.append(f"{marks[finding.state]}  {finding.subject:<14} {finding.message}")
        if finding.hint:
            lines.append(f"{'':<25}{finding.hint}")
    document = {
        "findings": [
            {"state": item.state, "subject": item.subject, "message": item.message, "hint": item.hint}
            for item in findings
        ]
    }
    print_result(as_json, document, lines)
    return 4 if any(finding.state == "missing" for finding in findings) else 0
