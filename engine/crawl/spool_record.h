/* SPDX-License-Identifier: MIT */
/* spool_record.h - what the spool writes to disk: one batch, or one run's row, as a frame.
 *
 *     CDSPOOL1 + 0000001234 0123456789abcdef0123456789abcdef ppomppu
 *     {"kind":"deals", ...}
 *
 * A frame is a line (version, state, bytes of the second line, check, site) and a line of JSON. The check
 * is the first half of SHA-256 over site, newline, JSON. The state, '+' waits or '-' done, is not under
 * it: it is the one byte that changes later. JSON has no raw newline, so a frame can be found again behind
 * damage. Pure: no files, no clock.
 */
#ifndef CRAWL_SPOOL_RECORD_H
#define CRAWL_SPOOL_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "db/store.h"

enum {
    SPOOL_STATE_AT = 9,   /* of a frame: its state */
    SPOOL_HEAD_MAX = 160, /* bytes of the first line at most */
    SPOOL_SITE_MAX = 100
};
#define SPOOL_FRAME_MAX (BUF_MAX_DEFAULT + SPOOL_HEAD_MAX + 1)

/* ---- frames ---------------------------------------------------------------------------------- */

enum spool_verdict {
    SPOOL_WHOLE,
    SPOOL_TORN,  /* so far a frame, but the bytes end before it does */
    SPOOL_BROKEN /* no frame begins here, or its check is wrong */
};

struct spool_frame {
    bool is_done;
    size_t size; /* of the whole frame; also of a torn one whose first line is there, else 0 */
    char site[SPOOL_SITE_MAX + 1];
    const char *payload; /* in the bytes that were read; NULL unless whole */
    size_t payload_len;
};

/* site: 1 to SPOOL_SITE_MAX bytes without white space. payload: JSON on one line. */
void spool_frame_write(struct buf *out, const char *site, const char *payload, size_t len);
enum spool_verdict spool_frame_read(const char *bytes, size_t len, struct spool_frame *out);

/* Where the next frame may begin, at `from` or behind it; len when nowhere. */
size_t spool_frame_find(const char *bytes, size_t len, size_t from);

/* ---- payloads -------------------------------------------------------------------------------- */

enum spool_kind { SPOOL_DEALS, SPOOL_ALIVE, SPOOL_RUN };

struct spool_record {
    enum spool_kind kind;
    union {
        struct store_batch deals;
        struct store_alive_batch alive;
        struct store_run run;
    } u; /* all is_late */
};

/* One site's rows, at least one. */
void spool_write_deals(struct buf *out, const struct store_batch *batch);
void spool_write_alive(struct buf *out, const struct store_alive_batch *batch);
void spool_write_run(struct buf *out, const struct store_run *run);

/* The payload is modified. What is read lives in the arena, and is such as store.h takes without a
 * check() of it failing. Errors: ERR_PROTOCOL with what was expected. */
MUST_CHECK int spool_read(char *payload, size_t len, struct arena *arena, struct spool_record *out,
                          struct err *err);

#endif
