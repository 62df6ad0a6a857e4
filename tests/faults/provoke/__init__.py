# SPDX-License-Identifier: MIT
"""What the fault tests stand on, beside tests/integration/support; each module says what it gives."""
