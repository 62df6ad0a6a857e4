/* SPDX-License-Identifier: MIT */
/* secret.c - see secret.h. */
#include "base/secret.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

/* The first bytes of the file, at most as many as there is room for. */
static int read_some(const char *key, const char *path, char *bytes, size_t room, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = -1;

    if (fd >= 0) {
        while (len < room && (n = read(fd, bytes + len, room - len)) > 0)
            len += (size_t)n;
        close(fd);
    }
    bytes[len] = '\0';
    if (n < 0)
        return err_set(err, ERR_CONFIG, "%s: %s: %s", key, path, strerror(errno));
    return 0;
}

static int accept_text(const char *key, char *text, char **out, struct err *err)
{
    text = str_trim(text);
    if (!*text)
        return err_set(err, ERR_CONFIG, "%s: nothing in its first line", key);
    if (strlen(text) > SECRET_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "%s: longer than %d bytes", key, SECRET_MAX_BYTES);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return err_set(err, ERR_CONFIG, "%s: a control character in it", key);
    *out = mem_strdup(text);
    return 0;
}

int secret_read(const char *key, const char *file, const char *value, char **out, struct err *err)
{
    char bytes[SECRET_MAX_BYTES + 3];
    int rc = 0;

    *out = NULL;
    if (str_empty(value) && str_empty(file))
        return 0;
    if (!str_empty(value)) {
        strncpy(bytes, value, sizeof(bytes) - 1);
        bytes[sizeof(bytes) - 1] = '\0';
    } else {
        rc = read_some(key, file, bytes, sizeof(bytes) - 1, err);
        bytes[strcspn(bytes, "\n")] = '\0';
    }
    if (rc == 0)
        rc = accept_text(key, bytes, out, err);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return rc;
}

void secret_free(char **secret)
{
    if (*secret)
        OPENSSL_cleanse(*secret, strlen(*secret));
    mem_free(*secret);
    *secret = NULL;
}
