/* SPDX-License-Identifier: MIT */
/* doctor_alerts.c - is anybody told when something is wrong? Whether he can be reached, alert --test shows.
 */
#include "base/str.h"
#include "debug/doctor_checks.h"
#include "notify/tell.h"

void doctor_check_alerts(struct doctor_report *report, const struct config *config)
{
    struct loop *loop = loop_new();
    struct doctor_verdict verdict;
    struct teller *teller;
    struct err err;

    if (teller_new(loop, config, &teller, &err) < 0)
        doctor_say_fail(&verdict, err.code, "look at the alert_ and smtp_ keys in catchdeal.conf",
                        "%.400s", err.text);
    else if (teller_ways(teller) == 0)
        doctor_say_warn(
            &verdict, "set alert_mail_to or alert_webhook, then try: catchdeal-engine alert --test",
            "nobody is told when something is wrong");
    else
        doctor_say_ok(
            &verdict, "%d way%s%s", teller_ways(teller), teller_ways(teller) == 1 ? "" : "s",
            !str_empty(config->alert_webhook) && str_empty(config->alert_webhook_secret) &&
                    str_empty(config->alert_webhook_secret_file)
                ? ", the webhook is not signed"
                : "");
    teller_free(&teller);
    loop_free(&loop);
    doctor_report_add(report, "alerts", &verdict);
}
