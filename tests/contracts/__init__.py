"""Contract tests; the checks stand beside the test files, and their failures are explained all the same."""

import pytest

pytest.register_assert_rewrite("tests.contracts.index_checks")
