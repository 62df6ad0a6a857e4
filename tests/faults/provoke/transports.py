# SPDX-License-Identifier: MIT
"""transports - the same provocation with the engine on the pipe instead of the WebSocket."""
import functools

from support import registry


def over_the_pipe_too(*items, seconds=120):
    """Above @test: the test once more for these of its items (none: it has none), named [item,pipe]."""

    def register(function):
        @functools.wraps(function)
        def piped(bench, *item):
            bench.transport = "pipe"
            function(bench, *item)

        for item in items or (None,):
            label = "pipe" if item is None else f"{item},pipe"
            registry.add(registry.Test(function.__module__, piped, item, label, seconds))
        return function

    return register
