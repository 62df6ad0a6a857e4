# SPDX-License-Identifier: MIT
"""pgbouncer - a pooler in front of a test's PostgreSQL, on a unix socket in that server's folder."""
import os
import shutil

from .processes import wait_until
from .registry import Skip

PORT = 6432  # of the socket's name only


class PgBouncer:
    def __init__(self, postgres, mode):
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        if not program:
            raise Skip("PgBouncer is not installed (package pgbouncer)")
        folder = os.path.join(postgres.folder, f"pgbouncer-{mode}")
        postgres.make_folder(folder)
        path = os.path.join(folder, "pgbouncer.ini")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[databases]\ncatchdeal = host={postgres.folder} dbname=catchdeal user=catchdeal\n[pgbouncer]\n"
                       f"pool_mode = {mode}\nlisten_port = {PORT}\nlisten_addr =\nunix_socket_dir = {folder}\n"
                       "auth_type = any\nmax_client_conn = 100\ndefault_pool_size = 20\n")
        os.chmod(path, 0o644)
        self._folder = folder
        self._program = postgres.run_beside(program, path)
        wait_until(lambda: os.path.exists(os.path.join(folder, f".s.PGSQL.{PORT}")), 20, "PgBouncer listens")

    @property
    def url(self):
        return f"postgresql://catchdeal@/catchdeal?host={self._folder}&port={PORT}"

    def close(self):
        if self._program.is_running():
            self._program.stop()
        self._program.close()
