/* SPDX-License-Identifier: MIT */
/* doctor_push.c - is what the configuration says of the push service whole? Nothing is sent. */
#include "base/netaddr.h"
#include "base/str.h"
#include "base/url.h"
#include "debug/doctor_checks.h"
#include "notify/push_way.h"

#include <sys/stat.h>

/* By plain http to another machine everybody on the way reads the key. */
static bool goes_in_clear(const char *url)
{
    struct url_parts parts;
    struct err ignored;
    struct netaddr address;
    bool is_far = false;

    if (url_split(url, &parts, &ignored) == 0 && str_starts(parts.origin, "http:"))
        is_far = !str_eq(parts.host, "localhost") && !str_ends(parts.host, ".localhost") &&
                 !(netaddr_from_host(parts.host, &address) == NETADDR_ADDRESS &&
                   str_eq(netaddr_private_kind(&address), "loopback"));
    url_parts_fini(&parts);
    return is_far;
}

static bool others_may_read(const char *path)
{
    struct stat about;

    return !str_empty(path) && stat(path, &about) == 0 && (about.st_mode & S_IROTH);
}

void doctor_check_push(struct doctor_report *report, const struct config *config)
{
    struct doctor_verdict verdict;
    struct push_account *account;
    struct err err;

    if (push_account_new(config, &account, &err) < 0)
        doctor_say_fail(&verdict, err.code, "look at the push_ keys in catchdeal.conf", "%.400s",
                        err.text);
    else if (!account)
        doctor_say_ok(&verdict, "no push service is configured: pushes wait, and are given up");
    else if (others_may_read(config->push_key_file))
        doctor_say_warn(&verdict, "chmod 640, owned by the engine's user",
                        "everybody on this machine can read %.300s", config->push_key_file);
    else if (goes_in_clear(account->url))
        doctor_say_warn(&verdict, "set push_url to an https address",
                        "%s by plain http to another machine", account->way->name);
    else
        doctor_say_ok(&verdict, "%s%s", account->way->name,
                      account->way == &push_webhook && !account->signature.len ? ", not signed"
                                                                               : "");
    push_account_free(&account);
    doctor_report_add(report, "pushes", &verdict);
}
