/* SPDX-License-Identifier: MIT */
/* auth_keys.c - reading, choosing and making the keys of tokens. */
#include "api/auth_keys.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 16 << 10, MADE_BYTES = 32, MADE_KID_BYTES = 4 };

struct auth_keys {
    struct auth_key items[AUTH_KEYS_MAX];
    size_t n;
    char *made_path; /* NULL: the operator gives the keys */
};

/* ---- parsing --------------------------------------------------------------------------------- */

/* So that a key without a name has the same one in every process. */
static char *kid_of_secret(const char *secret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * MADE_KID_BYTES + 1];

    check(EVP_Digest(secret, strlen(secret), digest, NULL, EVP_sha256(), NULL) == 1);
    /* Not the digest of the secret alone, which others may use for something. */
    check(EVP_Digest(digest, 32, digest, NULL, EVP_sha256(), NULL) == 1);
    str_hex(digest, MADE_KID_BYTES, hex);
    return mem_strdup(hex);
}

static bool is_kid(const char *kid)
{
    size_t len = strspn(kid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    return len > 0 && len <= AUTH_KID_MAX_BYTES && !kid[len];
}

static const struct auth_key *find(const struct auth_keys *keys, const char *kid)
{
    for (size_t i = 0; i < keys->n; i++)
        if (str_eq(keys->items[i].kid, kid))
            return &keys->items[i];
    return NULL;
}

/* line: "KID:SECRET" or "SECRET", changed. The messages never hold a part of a secret. */
static int add_line(struct auth_keys *keys, char *line, const char *where, struct err *err)
{
    char *colon = strchr(line, ':');
    char *secret = str_trim(colon ? colon + 1 : line);
    struct auth_key *key;

    if (colon)
        *colon = '\0';
    if (colon && !is_kid(str_trim(line)))
        return err_set(err, ERR_CONFIG,
                       "%s: key %zu: its name before ':' may hold letters, digits and -_. only",
                       where, keys->n + 1);
    if (strlen(secret) < AUTH_SECRET_MIN_BYTES)
        return err_set(err, ERR_CONFIG,
                       "%s: key %zu is shorter than %d bytes; make one: openssl rand -hex 32",
                       where, keys->n + 1, AUTH_SECRET_MIN_BYTES);
    if (keys->n == AUTH_KEYS_MAX)
        return err_set(err, ERR_CONFIG, "%s: more than %d keys", where, AUTH_KEYS_MAX);
    key = &keys->items[keys->n];
    key->kid = colon ? mem_strdup(str_trim(line)) : kid_of_secret(secret);
    if (find(keys, key->kid)) {
        err_set(err, ERR_CONFIG, "%s: two keys are called %s", where, key->kid);
        mem_free(key->kid);
        return -1;
    }
    key->secret = mem_strdup(secret);
    key->len = strlen(secret);
    keys->n++;
    return 0;
}

int auth_keys_parse(struct auth_keys *keys, const char *text, const char *where, struct err *err)
{
    char *copy = mem_strdup(text), *rest = copy, *line;
    size_t len = strlen(copy);
    int rc = 0;

    for (char *p = copy; *p; p++)
        if (*p == ',')
            *p = '\n';
    while (rc == 0 && (line = str_next(&rest, '\n')))
        if (*line && *line != '#')
            rc = add_line(keys, line, where, err);
    OPENSSL_cleanse(copy, len);
    mem_free(copy);
    return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void warn_of_readers(const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
        log_warn("api", "others may read or write the jwt secret: chmod 640", "file=%s",
                 log_quote(path));
}

/* 1: there is no such file. */
static int read_file(struct auth_keys *keys, const char *path, struct err *err)
{
    char text[FILE_MAX_BYTES + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;
    int rc;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    if (fd < 0 || (len = read(fd, text, FILE_MAX_BYTES)) < 0) {
        err_set(err, ERR_CONFIG, "jwt secret: cannot read %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    text[len] = '\0';
    warn_of_readers(path, fd);
    close(fd);
    rc = auth_keys_parse(keys, text, path, err);
    if (rc == 0 && keys->n == 0)
        rc = err_set(err, ERR_CONFIG, "jwt secret: there is no key in %s", path);
    OPENSSL_cleanse(text, sizeof(text));
    return rc;
}

static int write_all(int fd, const char *text)
{
    size_t len = strlen(text);

    return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 ? 0 : -1;
}

/* Processes that start together make one: each writes a file of its own, and the first to give it the
 * real name wins. */
static int make_file(const char *path, struct err *err)
{
    unsigned char bytes[MADE_BYTES];
    char hex[2 * MADE_BYTES + 2], *draft = mem_printf("%s.%d", path, (int)getpid());
    int fd, rc;

    check(RAND_bytes(bytes, sizeof(bytes)) == 1);
    str_hex(bytes, sizeof(bytes), hex);
    strcat(hex, "\n");
    fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    rc = fd < 0 || write_all(fd, hex) < 0 || (link(draft, path) < 0 && errno != EEXIST) ? -1 : 0;
    if (rc < 0)
        err_set(
            err, ERR_CONFIG,
            "jwt secret: cannot make %s: %s; give one by jwt_secret_file or CATCHDEAL_JWT_SECRET",
            path, strerror(errno));
    else
        log_warn("api", "made a jwt secret: keep the file; every api host needs the same one",
                 "file=%s", log_quote(path));
    if (fd >= 0) {
        close(fd);
        unlink(draft);
    }
    OPENSSL_cleanse(hex, sizeof(hex));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    mem_free(draft);
    return rc;
}

/* Beside the SQLite database, else in var. */
static char *made_path_of(const struct config *config)
{
    static const char scheme[] = "sqlite:";
    const char *path, *slash;

    if (!str_starts(config->database, scheme))
        return mem_strdup("var/jwt.secret");
    path = config->database + strlen(scheme);
    slash = strrchr(path, '/');
    return slash ? mem_printf("%.*s/jwt.secret", (int)(slash - path), path)
                 : mem_strdup("jwt.secret");
}

static int make_key(struct auth_keys *keys, struct err *err)
{
    char *folder = mem_strdup(keys->made_path), *slash = strrchr(folder, '/');
    int rc;

    /* Only the last folder, as the database's own is made. */
    if (slash && slash != folder) {
        *slash = '\0';
        (void)mkdir(folder, 0777);
    }
    mem_free(folder);
    rc = make_file(keys->made_path, err);
    return rc < 0 ? rc : read_file(keys, keys->made_path, err);
}

/* ---- the keys -------------------------------------------------------------------------------- */

static int load(struct auth_keys *keys, const struct config *config, struct err *err)
{
    const char *text = config->jwt_secret, *path = config->jwt_secret_file;

    if (*text && *path)
        return err_set(err, ERR_CONFIG, "jwt_secret and jwt_secret_file are both set: choose one");
    if (*text && (auth_keys_parse(keys, text, "jwt_secret", err) < 0))
        return -1;
    if (*text && keys->n == 0)
        return err_set(err, ERR_CONFIG, "jwt_secret: there is no key in it");
    if (*text)
        return 0;
    keys->made_path = *path ? NULL : made_path_of(config);
    switch (read_file(keys, *path ? path : keys->made_path, err)) {
    case 0:
        return 0;
    case 1:
        return *path ? err_set(err, ERR_CONFIG, "jwt_secret_file: there is no file %s", path) : 0;
    default:
        return -1;
    }
}

int auth_keys_new(const struct config *config, struct auth_keys **out, struct err *err)
{
    *out = mem_new(struct auth_keys);
    if (load(*out, config, err) == 0)
        return 0;
    auth_keys_free(out);
    return -1;
}

void auth_keys_free(struct auth_keys **keys_ptr)
{
    struct auth_keys *keys = *keys_ptr;

    if (!keys)
        return;
    for (size_t i = 0; i < keys->n; i++) {
        OPENSSL_cleanse(keys->items[i].secret, keys->items[i].len);
        mem_free(keys->items[i].secret);
        mem_free(keys->items[i].kid);
    }
    mem_free(keys->made_path);
    mem_free(keys);
    *keys_ptr = NULL;
}

static void look_again(struct auth_keys *keys)
{
    struct err err;

    if (keys->n == 0 && keys->made_path && read_file(keys, keys->made_path, &err) < 0)
        log_error("api", "no jwt secret", "error=%s", log_quote(err.text));
}

const struct auth_key *auth_keys_at(struct auth_keys *keys, size_t i)
{
    look_again(keys);
    return i < keys->n ? &keys->items[i] : NULL;
}

const struct auth_key *auth_keys_find(struct auth_keys *keys, const char *kid)
{
    look_again(keys);
    return find(keys, kid);
}

const struct auth_key *auth_keys_signing(struct auth_keys *keys, struct err *err)
{
    look_again(keys);
    if (keys->n == 0 && make_key(keys, err) < 0)
        return NULL;
    return &keys->items[0];
}
