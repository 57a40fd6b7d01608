"""The mirror against PHP's extension: each scenario runs in both languages and must print the same lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.comparison import places, unexpected
from tests.parity.differences import DIFFERENCES
from tests.parity.groups import GROUPS, HERE, Runs

pytestmark = pytest.mark.php


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Runs the scenarios of all selected tests at once."""
    wanted = [item.callspec.params.get("group") for item in request.session.items if hasattr(item, "callspec")]
    started = Runs([group for group in GROUPS if group in wanted])
    yield started
    started.close()


@pytest.mark.parametrize("group", GROUPS)
def test_behaves_like_the_extension(group: str, runs: Runs) -> None:
    """Both scripts print the same except for the intended differences, which are exactly as in the table."""
    new, gone = unexpected(group, *runs.outputs(group))
    report = ["differs, and is not in differences.py:", *map(str, new)] if new else []
    report += ["is in differences.py, and does not differ so:", *map(str, gone)] if gone else []
    if report:
        pytest.fail("\n".join(report), pytrace=False)


def test_every_script_has_its_counterpart() -> None:
    """Each PHP script has a Python script."""
    assert sorted(path.stem for path in (HERE / "python").glob("[0-9]*.py")) == GROUPS


def test_table_of_differences_is_in_order() -> None:
    """Every difference has a unique id, a reason, and places in groups that exist."""
    names = [difference.id for difference in DIFFERENCES]
    assert len(set(names)) == len(names)
    for difference in DIFFERENCES:
        assert difference.reason
        known = places(difference, later=False) + places(difference, later=True)
        assert known
        for place in known:
            assert place.section.partition(":")[0] in GROUPS
            assert place.php or place.ours
