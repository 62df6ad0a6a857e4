# SPDX-License-Identifier: MIT
"""Mixed load for a short while; tests/bench/api_soak does the same for as long as one likes."""
import pathlib
import sys

from support.registry import expect, test

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

SECONDS = 20
# What the sanitizer keeps of freed memory would look like growth.
ENVIRONMENT = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=1:abort_on_error=0:quarantine_size_mb=1"}


@test(seconds=180)
def mixed_load_grows_neither_memory_nor_descriptors_and_gets_no_5xx(bench):
    import api_mix
    import api_stage

    database = api_stage.make_database(bench, 3000)
    api_stage.write_keys(bench)
    api = bench.start_api(jwt_secret_file=bench.folder / "keys", log="warn", api_request_timeout="60s",
                          environment=ENVIRONMENT)

    figures, wrong = api_mix.run(bench, database, api, SECONDS)

    expect(not wrong, "; ".join(wrong) + f": {figures}")
