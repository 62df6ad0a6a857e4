/* SPDX-License-Identifier: MIT */
/* url.c - libcurl's URL API (libcurl-url(3)) behind url.h. */
#include "base/url.h"

#include <ctype.h>
#include <string.h>

#include <curl/curl.h>

/* A part as our own string; "" when the URL has none. */
static char *part(CURLU *handle, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    char *copy;

    if (curl_url_get(handle, what, &text, flags) != CURLUE_OK)
        return mem_strdup("");
    copy = mem_strdup(text);
    curl_free(text);
    return copy;
}

static void lower(char *s)
{
    for (; *s; s++)
        *s = (char)tolower((unsigned char)*s);
}

static void fill(CURLU *handle, struct url_parts *out)
{
    char *scheme = part(handle, CURLUPART_SCHEME, 0);
    char *port = part(handle, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    char *path = part(handle, CURLUPART_PATH, 0);
    char *query = part(handle, CURLUPART_QUERY, 0);

    out->host = part(handle, CURLUPART_HOST, 0);
    lower(out->host);
    out->origin = mem_printf("%s://%s%s%s", scheme, out->host, *port ? ":" : "", port);
    out->path = mem_printf("%s%s%s", path, *query ? "?" : "", query);
    mem_free(scheme);
    mem_free(port);
    mem_free(path);
    mem_free(query);
}

int url_split(const char *url, struct url_parts *out, struct err *err)
{
    CURLU *handle = curl_url();
    CURLUcode code;

    *out = (struct url_parts){0};
    check(handle);
    code = curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK && strncasecmp(url, "http://", 7) != 0 &&
        strncasecmp(url, "https://", 8) != 0)
        code = CURLUE_UNSUPPORTED_SCHEME;
    if (code == CURLUE_OK)
        fill(handle, out);
    curl_url_cleanup(handle);
    if (code != CURLUE_OK)
        return err_set(err, ERR_USAGE, "\"%s\": expected an absolute http or https URL (%s)", url,
                       curl_url_strerror(code));
    return 0;
}

void url_parts_fini(struct url_parts *parts)
{
    mem_free(parts->origin);
    mem_free(parts->host);
    mem_free(parts->path);
    *parts = (struct url_parts){0};
}

char *url_unescape(const char *text, size_t len)
{
    int size = 0;
    char *plain, *copy;

    if (len == 0)
        return mem_strdup("");
    plain = curl_easy_unescape(NULL, text, (int)len, &size);
    check(plain);
    copy = strlen(plain) == (size_t)size ? mem_strdup(plain) : NULL;
    curl_free(plain);
    return copy;
}
