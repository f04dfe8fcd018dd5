"""The tests, in tiers by the I/O they do: unit none, contract and api an emulator in process, system processes."""

import pytest

pytest.register_assert_rewrite("tests.invariants", "tests.scenarios")
