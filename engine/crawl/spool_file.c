/* SPDX-License-Identifier: MIT */
/* spool_file.c - frames on disk; see spool_file.h. */
#include "crawl/spool_file.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/spool_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW_BYTES = 64 << 10 };

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Up to `len` bytes at the offset; fewer at the file's end or where the disk fails. */
static size_t read_at(int fd, int64_t offset, char *to, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = pread(fd, to + got, len - got, offset + (int64_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    return got;
}

static int write_at(int fd, int64_t offset, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = pwrite(fd, bytes, len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            errno = ENOSPC;
            return -1;
        }
        bytes += n;
        offset += n;
        len -= (size_t)n;
    }
    return 0;
}

int spool_file_put(int fd, const char *path, int64_t offset, const char *bytes, size_t len,
                   struct err *err)
{
    if (write_at(fd, offset, bytes, len) == 0 && fdatasync(fd) == 0)
        return 0;
    err_sys(err, ERR_DISK, "spool %s", path);
    if (ftruncate(fd, offset) < 0)
        err_prefix(err, "half a record stays");
    return -1;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Few sites, many frames. */
static const char *keep_site(struct spool_file *file, const char *site)
{
    for (size_t i = 0; i < file->n_sites; i++)
        if (str_eq(file->sites[i], site))
            return file->sites[i];
    file->sites = mem_realloc(file->sites, (file->n_sites + 1) * sizeof(*file->sites));
    return file->sites[file->n_sites++] = mem_strdup(site);
}

static void add_entry(struct spool_file *file, int64_t offset, size_t size, const char *site)
{
    if (file->n == file->cap) {
        file->cap = file->cap ? 2 * file->cap : 16;
        file->entries = mem_realloc(file->entries, file->cap * sizeof(*file->entries));
    }
    file->entries[file->n++] = (struct spool_entry){offset, size, keep_site(file, site)};
}

void spool_file_added(struct spool_file *file, const char *site, size_t size)
{
    add_entry(file, file->bytes, size, site);
    file->bytes += (int64_t)size;
}

bool spool_file_is_empty(const struct spool_file *file)
{
    return file->first == file->n;
}

size_t spool_file_waiting(const struct spool_file *file)
{
    return file->n - file->first;
}

/* ---- what is set aside ----------------------------------------------------------------------- */

static void set_aside(struct spool_file *file, int64_t offset, int64_t len)
{
    char *path = mem_printf("%s.bad", file->path);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    char *window = mem_array(WINDOW_BYTES, 1);
    bool ok = fd >= 0;

    file->broken_bytes += len;
    while (ok && len > 0) {
        size_t n =
            read_at(file->fd, offset, window, len < WINDOW_BYTES ? (size_t)len : WINDOW_BYTES);

        ok = n > 0 && write(fd, window, n) == (ssize_t)n;
        offset += (int64_t)n;
        len -= (int64_t)n;
    }
    if (!ok)
        log_warn("spool", "a damaged piece cannot be set aside", "path=%s text=%s", log_quote(path),
                 log_quote(strerror(errno)));
    if (fd >= 0)
        close(fd);
    mem_free(window);
    mem_free(path);
}

/* ---- looking at a whole file ------------------------------------------------------------------- */

struct scan {
    struct spool_file *file;
    int64_t size, at;
    char *bytes; /* of the frame that is looked at */
    size_t cap;
};

static enum spool_verdict scan_frame(struct scan *scan, int64_t at, struct spool_frame *frame)
{
    int64_t left = scan->size - at;
    size_t want = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
    size_t got = read_at(scan->file->fd, at, scan->bytes, want);
    enum spool_verdict verdict = spool_frame_read(scan->bytes, got, frame);

    if (verdict != SPOOL_TORN || frame->size <= got || (int64_t)frame->size > left)
        return verdict;
    want = frame->size;
    if (want > scan->cap) {
        scan->bytes = mem_realloc(scan->bytes, want);
        scan->cap = want;
    }
    got = read_at(scan->file->fd, at, scan->bytes, want);
    return spool_frame_read(scan->bytes, got, frame);
}

/* The next place, behind `at`, where a whole frame is; the file's size when there is none. */
static int64_t find_frame(struct scan *scan, int64_t at)
{
    char *window = mem_array(WINDOW_BYTES, 1);
    struct spool_frame frame;

    for (at++; at < scan->size;) {
        size_t got = read_at(scan->file->fd, at - 1, window, WINDOW_BYTES);
        size_t found = spool_frame_find(window, got, 1);

        if (got <= 1) {
            at = scan->size;
        } else if (found < got) {
            at = at - 1 + (int64_t)found;
            if (scan_frame(scan, at, &frame) == SPOOL_WHOLE)
                break;
            at++;
        } else {
            at += (int64_t)(got < WINDOW_BYTES ? got : got - SPOOL_HEAD_MAX);
        }
    }
    mem_free(window);
    return at < scan->size ? at : scan->size;
}

/* Where the machine went down, a file may end in zeros that were never written. */
static bool is_all_zero(struct scan *scan, int64_t at)
{
    char *window = mem_array(WINDOW_BYTES, 1);
    bool zero = true;
    size_t got = 1;

    for (; zero && got && at < scan->size; at += (int64_t)got) {
        got = read_at(scan->file->fd, at, window, WINDOW_BYTES);
        for (size_t i = 0; zero && i < got; i++)
            zero = window[i] == '\0';
    }
    mem_free(window);
    return zero;
}

/* No frame begins here, or not a whole one. */
static void skip_damage(struct scan *scan, enum spool_verdict verdict)
{
    struct spool_file *file = scan->file;
    int64_t next = find_frame(scan, scan->at);

    if (next == scan->size && (verdict == SPOOL_TORN || is_all_zero(scan, scan->at))) {
        file->torn_bytes = next - scan->at;
        log_warn("spool", "a record that a crash cut short is dropped", "path=%s bytes=%lld",
                 log_quote(file->path), (long long)file->torn_bytes);
    } else {
        set_aside(file, scan->at, next - scan->at);
        log_error("spool", "damaged records are set aside", "path=%s.bad offset=%lld bytes=%lld",
                  log_quote(file->path), (long long)scan->at, (long long)(next - scan->at));
    }
    scan->at = next;
}

static int look_at_all(struct spool_file *file, struct err *err)
{
    struct scan scan = {.file = file, .bytes = mem_array(WINDOW_BYTES, 1), .cap = WINDOW_BYTES};
    struct spool_frame frame;
    struct stat st;
    int rc = fstat(file->fd, &st);

    scan.size = rc == 0 ? st.st_size : 0;
    while (scan.at < scan.size) {
        enum spool_verdict verdict = scan_frame(&scan, scan.at, &frame);

        if (verdict != SPOOL_WHOLE) {
            skip_damage(&scan, verdict);
            continue;
        }
        if (!frame.is_done)
            add_entry(file, scan.at, frame.size, frame.site);
        scan.at += (int64_t)frame.size;
        file->bytes = scan.at;
    }
    mem_free(scan.bytes);
    if (rc == 0 && scan.size > file->bytes)
        rc = ftruncate(file->fd, file->bytes);
    return rc < 0 ? err_sys(err, ERR_DISK, "spool %s", file->path) : 0;
}

/* ---- open and close ---------------------------------------------------------------------------- */

static int lock(const struct spool_file *file, struct err *err)
{
    struct stat by_fd, by_path;

    if (flock(file->fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_BUSY, "spool %s: another process has it", file->path);
    if (fstat(file->fd, &by_fd) < 0 || lstat(file->path, &by_path) < 0 ||
        by_fd.st_ino != by_path.st_ino || by_fd.st_dev != by_path.st_dev || !S_ISREG(by_fd.st_mode))
        return err_set(err, ERR_BUSY, "spool %s: it is gone", file->path);
    return 0;
}

int spool_file_open(const char *path, bool is_new, struct spool_file **out, struct err *err)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_EXCL : 0);
    struct spool_file *file;
    int fd = open(path, flags, 0600);

    *out = NULL;
    if (fd < 0 && !is_new && errno == ENOENT)
        return err_set(err, ERR_BUSY, "spool %s: it is gone", path);
    if (fd < 0)
        return err_sys(err, ERR_DISK, "spool %s", path);
    file = mem_new(struct spool_file);
    file->path = mem_strdup(path);
    file->fd = fd;
    if (lock(file, err) < 0 || look_at_all(file, err) < 0) {
        spool_file_free(&file);
        return -1;
    }
    *out = file;
    return 0;
}

void spool_file_free(struct spool_file **file_ptr)
{
    struct spool_file *file = *file_ptr;

    if (!file)
        return;
    *file_ptr = NULL;
    close(file->fd);
    for (size_t i = 0; i < file->n_sites; i++)
        mem_free(file->sites[i]);
    mem_free(file->sites);
    mem_free(file->entries);
    mem_free(file->path);
    mem_free(file);
}

/* While it is locked: nobody takes what is going. */
void spool_file_remove(struct spool_file **file)
{
    if (unlink((*file)->path) < 0)
        log_warn("spool", "an empty file stays", "path=%s text=%s", log_quote((*file)->path),
                 log_quote(strerror(errno)));
    spool_file_free(file);
}

/* ---- taking ------------------------------------------------------------------------------------ */

int spool_file_read(const struct spool_file *file, struct buf *out, struct err *err)
{
    const struct spool_entry *entry = &file->entries[file->first];
    struct spool_frame frame;
    char *bytes = mem_array(entry->size, 1);
    size_t got;

    check(!spool_file_is_empty(file) && out->len == 0);
    got = read_at(file->fd, entry->offset, bytes, entry->size);
    if (spool_frame_read(bytes, got, &frame) == SPOOL_WHOLE) {
        buf_add(out, frame.payload, frame.payload_len);
        mem_free(bytes);
        return 0;
    }
    mem_free(bytes);
    return err_set(err, ERR_DISK, "spool %s: the record at %lld is damaged", file->path,
                   (long long)entry->offset);
}

void spool_file_done(struct spool_file *file)
{
    const struct spool_entry *entry = &file->entries[file->first];

    check(!spool_file_is_empty(file));
    if (write_at(file->fd, entry->offset + SPOOL_STATE_AT, "-", 1) < 0)
        log_warn("spool", "a record cannot be marked as stored", "path=%s text=%s",
                 log_quote(file->path), log_quote(strerror(errno)));
    file->first++;
}

void spool_file_set_aside(struct spool_file *file)
{
    const struct spool_entry *entry = &file->entries[file->first];

    set_aside(file, entry->offset, (int64_t)entry->size);
    spool_file_done(file);
}

size_t spool_file_count(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct spool_frame frame;
    char head[SPOOL_HEAD_MAX];
    int64_t at = 0;
    size_t n = 0;

    while (fd >= 0) {
        size_t got = read_at(fd, at, head, sizeof(head));

        if (got == 0 || spool_frame_read(head, got, &frame) == SPOOL_BROKEN || frame.size == 0)
            break;
        n += !frame.is_done;
        at += (int64_t)frame.size;
    }
    if (fd >= 0)
        close(fd);
    return n;
}
