/* SPDX-License-Identifier: MIT */
/* secret.c - see secret.h. */
#include "base/secret.h"
#include "base/str.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

static int read_line(const char *key, const char *path, char line[SECRET_MAX_BYTES],
                     struct err *err)
{
    FILE *f = fopen(path, "re");
    bool is_read;

    if (!f)
        return err_sys(err, ERR_CONFIG, "%s_file: %s", key, path);
    is_read = fgets(line, SECRET_MAX_BYTES, f) != NULL;
    fclose(f);
    if (!is_read)
        return err_set(err, ERR_CONFIG, "%s_file: %s: expected a line", key, path);
    return 0;
}

static int take(const char *key, char *text, char **out, struct err *err)
{
    char *trimmed = str_trim(text);

    if (!*trimmed)
        return err_set(err, ERR_CONFIG, "%s: there is nothing in it", key);
    if (strlen(trimmed) >= SECRET_MAX_BYTES - 1)
        return err_set(err, ERR_CONFIG, "%s: expected less than %d bytes", key, SECRET_MAX_BYTES);
    for (const char *c = trimmed; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return err_set(err, ERR_CONFIG, "%s: there is a control character in it", key);
    *out = mem_strdup(trimmed);
    return 0;
}

int secret_load(const char *key, const char *text, const char *path, char **out, struct err *err)
{
    char line[SECRET_MAX_BYTES];
    char *copy;
    int rc;

    *out = NULL;
    if (str_empty(text) && str_empty(path))
        return 0;
    if (!str_empty(text) && !str_empty(path))
        return err_set(err, ERR_CONFIG, "%s and %s_file are both set: choose one", key, key);
    if (str_empty(text)) {
        if (read_line(key, path, line, err) < 0)
            return -1;
        rc = take(key, line, out, err);
        OPENSSL_cleanse(line, sizeof line);
        return rc;
    }
    copy = mem_strdup(text);
    rc = take(key, copy, out, err);
    secret_free(&copy);
    return rc;
}

void secret_free(char **secret)
{
    if (!*secret)
        return;
    OPENSSL_cleanse(*secret, strlen(*secret));
    mem_free(*secret);
    *secret = NULL;
}
