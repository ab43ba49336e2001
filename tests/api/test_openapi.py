"""The API's description is part of the product: it changes on purpose or not at all.

After a change that is meant: ``python -m tests.api.test_openapi`` writes the golden file anew.
"""

import json
from pathlib import Path

from api.app import create_app
from api.serving.service import Service

GOLDEN = Path(__file__).parent / "openapi.json"
FILES = {"fetch_export", "stream_changes", "export_audit", "get_metrics"}
"""What gives a file or a stream, not an object."""


def _described() -> dict[str, object]:
    # Describing needs no service: nothing is opened until a request comes.
    app = create_app(Service.__new__(Service))
    return json.loads(json.dumps(app.openapi()))  # type: ignore[no-any-return]


def test_the_description_is_the_golden_one() -> None:
    assert _described() == json.loads(GOLDEN.read_text())


def test_every_operation_has_a_name_a_sentence_and_a_shape() -> None:
    paths = _described()["paths"]
    assert isinstance(paths, dict)
    operations = [operation for path in paths.values() for operation in path.values()]

    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) >= 8
    for operation in operations:
        if operation["operationId"] not in FILES:
            shape = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert shape["$ref"].startswith("#/components/schemas/")
        assert operation["description"]
        assert "__" not in operation["operationId"]


def test_every_error_that_is_described_is_a_problem() -> None:
    paths = _described()["paths"]
    assert isinstance(paths, dict)
    for path, operations in paths.items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert list(response["content"]) == ["application/problem+json"], path


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(_described(), indent=1, sort_keys=True) + "\n")
