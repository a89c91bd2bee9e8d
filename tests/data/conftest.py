"""Says what was not tested where a quiet run shows only an "s"."""


def pytest_terminal_summary(terminalreporter: object) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(report.longrepr[2].removeprefix("Skipped: "), yellow=True)
