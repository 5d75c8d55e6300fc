"""Tests of supply.py."""

import unittest

from supply import allowed


class Licences(unittest.TestCase):
    def test_an_expression_is_met_by_one_branch_or_by_all_parts(self) -> None:
        licences = {"MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"}
        for expression, expected in [
            ("MIT", True),
            ("MIT/GPL-3.0", True),
            ("GPL-3.0", False),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", True),
            ("MIT AND GPL-3.0", False),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", True),
            ("Apache-2.0", False),
        ]:
            self.assertEqual(allowed(expression, licences), expected, expression)


if __name__ == "__main__":
    unittest.main()
