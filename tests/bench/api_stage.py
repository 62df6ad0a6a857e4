# SPDX-License-Identifier: MIT
"""api_stage - what tests/bench/api and api_soak stand on: a filled PostgreSQL, servers, CPU time, the load generator."""
import glob
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.dont_write_bytecode = True

from support import bench as workbench, postgres, processes, redis  # noqa: E402 (the path has to be set first)

SECRET = "bench-only-secret-of-more-than-32-bytes"
TUNING = {"shared_buffers": "32MB", "work_mem": "2MB", "jit": "off", "max_parallel_workers_per_gather": "0",
          "autovacuum": "off"}

ADJECTIVES = ("무선", "접이식", "스테인리스", "대용량", "휴대용", "국산", "프리미엄", "초경량", "자동", "방수", "사계절", "고속",
              "저소음", "충전식", "유기농", "냉동", "한정판", "일체형", "미니", "업소용")
NOUNS = ("이어폰", "키보드", "모니터", "라면", "생수", "커피", "텀블러", "청소기", "공기청정기", "선풍기", "노트북", "마우스", "의자",
         "책상", "운동화", "티셔츠", "양말", "기저귀", "물티슈", "샴푸", "세제", "휴지", "쌀", "만두", "돈까스", "삼겹살", "사과",
         "감귤", "비타민", "유산균", "충전기", "케이블", "보조배터리", "공유기", "그래픽카드", "메모리", "외장하드", "스피커",
         "이불", "베개", "냄비", "프라이팬", "식칼", "도마", "우산", "캐리어", "텐트", "랜턴", "자전거", "헬멧")


def _array(words):
    return "ARRAY[" + ", ".join(f"'{word}'" for word in words) + "]"


def _deals_sql(count):
    """A deal every five minutes; titles of two or three words that many share, as titles are."""
    return f"""
        INSERT INTO deals (site, website, post_key, product_id, title, url, redirect_url, image_url, mall, posted_at,
                           view_count, comment_count, like_count, score, is_sold_out, sort_at, created_at, updated_at, last_change)
        SELECT site, website, n::text, site || '_' || md5(n::text), title,
               'https://' || site || '.example/bbs/view.php?id=hotdeal&no=' || n,
               'https://shop.example/products/' || md5('p' || n) || '?utm_source=' || site || '&affiliate=' || n,
               'https://img.example/thumbnails/' || n % 100 || '/' || md5('i' || n) || '.jpg', '쇼핑몰', at,
               n * 31 % 20000, n * 7 % 300, n * 3 % 90, n * 7919 % 100003, n % 11 = 0, at, at, at, 0
        FROM (SELECT n, at, (ARRAY['ppomppu', 'clien', 'ruliweb', 'dealbada'])[site] AS site,
                     (ARRAY['뽐뿌', '클리앙', '루리웹', '딜바다'])[site] AS website,
                     '[' || (ARRAY['G마켓', '11번가', '네이버', '쿠팡', '옥션'])[1 + n % 5] || '] '
                     || ({_array(ADJECTIVES)})[1 + n * 7 / 3 % {len(ADJECTIVES)}] || ' '
                     || ({_array(NOUNS)})[1 + n * 13 / 7 % {len(NOUNS)}] || ' ' || 1 + n % 40 || '개 묶음 ('
                     || (900 + n * 37 % 90000) || '원/무료배송)' AS title
              FROM (SELECT n, 1 + n % 4 AS site, now() - (({count} - n) * 5 + 1) * interval '1 minute' AS at
                    FROM generate_series(1, {count}) n) a) b"""


USERS_SQL = """
    INSERT INTO app_users (app_player, last_token_at, created_at, updated_at)
    SELECT 'player-' || n, now(), now(), now() FROM generate_series(1, 1000) n;
    INSERT INTO book_marks (app_user_id, deal_id, created_at)
    SELECT u, (SELECT max(id) FROM deals) - u * 7 % 500 - m * 3, now() FROM generate_series(1, 1000) u, generate_series(1, 20) m;
    INSERT INTO keyword_pushalarm_lists (app_user_id, deal_id, keyword_title, created_at)
    SELECT u, (SELECT max(id) FROM deals) - u * 11 % 500 - k * 5, '무선', now() FROM generate_series(1, 1000) u, generate_series(1, 30) k"""


def make_database(desk, deals):
    """A PostgreSQL server with `deals` deals, 1,000 users, 20 bookmarks and 30 pushes each."""
    server = postgres.Postgres(str(desk.folder / "postgres"), TUNING)
    desk.closes(server)
    server.start()
    desk.database = server.url
    result = desk.engine("migrate")
    if result.code != 0:
        raise AssertionError(f"migrate: {result}")
    server.query(_deals_sql(deals))
    server.query(USERS_SQL)
    server.query("VACUUM ANALYZE")
    return server


def make_redis(desk):
    server = redis.Redis(str(desk.folder / "redis"))
    desk.closes(server)
    server.start()
    return server


def make_desk(programs):
    processes.adopt_orphans()
    desk = workbench.Bench(pathlib.Path(programs).resolve())
    write_keys(desk)
    return desk


def write_keys(desk):
    (desk.folder / "keys").write_text(f"bench:{SECRET}\n")
    (desk.folder / "keys").chmod(0o600)


# ---- processes -------------------------------------------------------------------------------------


def tree(pid):
    return [pid] + [process.pid for process in processes.descendants(pid)]


def cpu_ns(pids):
    """CPU time of all threads of these processes so far."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return total


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def fds(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def _tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []


def pin(pid, cpu):
    """This process, its threads and what it starts from now on run on one core."""
    for one in tree(pid):
        for task in _tasks(one):
            try:
                os.sched_setaffinity(int(task), {cpu})
            except ProcessLookupError:
                pass


# ---- requests --------------------------------------------------------------------------------------


class Load:
    """Runs bench-api_load, on one core or (None) on any; each call gives its figures as numbers."""

    def __init__(self, desk, cpu):
        self._desk = desk
        self._cpu = cpu
        self._files = {}

    def _file(self, lines):
        key = "\n".join(lines)
        if key not in self._files:
            path = self._desk.folder / f"requests-{len(self._files)}"
            path.write_text(key + "\n")
            self._files[key] = path
        return self._files[key]

    def start(self, port, lines, seconds, connections, headers=()):
        command = [str(self._desk.programs / "bench-api_load"), "--port", str(port), "--requests", str(self._file(lines)),
                   "--seconds", str(seconds), "--connections", str(connections), *(["--spin"] if self._cpu is not None else [])]
        for header in headers:
            command += ["--header", header]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                preexec_fn=self._pin)

    def _pin(self):
        if self._cpu is not None:
            os.sched_setaffinity(0, {self._cpu})

    @staticmethod
    def finish(process):
        out, _ = process.communicate()
        last = out.strip().rpartition("\n")[2]
        if "answers=" not in last:
            raise AssertionError(f"api_load: exit code {process.returncode}: {out[-500:]}")
        return {key: float(value) for key, value in (pair.split("=") for pair in last.split())}

    def run(self, *arguments, **options):
        return self.finish(self.start(*arguments, **options))


def token(api, player):
    """The token of a player id, from the API itself."""
    request = urllib.request.Request(api.url("/auth-user"), json.dumps({"auth": {"appPlayerId": player}}).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)["token"]
