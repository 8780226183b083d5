# SPDX-License-Identifier: BSD-2-Clause
# The VM tests that are scripts.

GUEST += tests/boot:tests/vm/boot
