# SPDX-License-Identifier: MIT
"""What the integration tests stand on; each module says what it gives."""
