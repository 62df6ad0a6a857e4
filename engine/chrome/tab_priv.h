/* SPDX-License-Identifier: MIT */
/* tab_priv.h - what the two files of a tab share. Only for tab.c (operations) and tab_open.c (the rest of its life). */
#ifndef CHROME_TAB_PRIV_H
#define CHROME_TAB_PRIV_H

#include "cdp/session.h"
#include "chrome/browser.h"
#include "chrome/guard.h"
#include "chrome/tab.h"
#include "chrome/vitals.h"

enum {
    TAB_AGAIN_MS = 25,       /* between a document that went and the look for the next one */
    TAB_BACKSTOP_MS = 30000, /* on top of a DevTools call's time: our own timer is the deadline */
    TAB_PARAMS_MAX_BYTES = 16 << 20,
};

#define TAB_WORLD "catchdeal"

enum tab_op { OP_NONE, OP_NAVIGATE, OP_CALL, OP_COLLECT };

struct tab {
    struct browser *browser;
    struct cdp_session *session;
    const struct tab_events *events;
    void *ctx;
    struct tab_settings settings;
    int opening; /* the next step of enum opening */
    struct cdp_subscription *navigated;
    struct cdp_subscription *dialogs;
    struct guard *guard;   /* when the session is there */
    struct vitals *vitals; /* likewise */
    char *frame_id;        /* of the main frame */
    char *loader_id;       /* of the document that it shows */
    int viewport_w, viewport_h;
    int dialogs_seen;           /* of the page */
    char *dialog;               /* the text of its first one; NULL: none came */
    bool tell_dialog;           /* struct tab_page */
    int replacements;           /* of the page by itself */
    char *page_url;             /* asked for last */
    struct cage_sample began;   /* when it was */
    enum err_code last_failure; /* of the latest operation */
    struct err crash;           /* the verdict on its end; code ERR_OK: it lives */
    bool spoiled;
    bool freed;

    enum tab_op op;
    struct loop_timer *timer;
    struct loop_timer *again;
    struct cdp_call *call;
    tab_done_fn *on_done;
    tab_value_fn *on_value;
    void *op_ctx;
    int64_t deadline_ms;
    int64_t timeout_ms; /* as given, for the text */
    char *url;
    int want_w, want_h;
    char *arguments;     /* JSON array */
    char *function;      /* called last; kept, since the next call is nearly always of the same */
    char *function_json; /* as it is sent */
};

/* The operation under way fails; must be the last thing that the caller does: the callback may free the tab. */
void tab_op_fail(struct tab *tab, const struct err *why);
void tab_op_fail_with(struct tab *tab, enum err_code code, const char *text);

void tab_op_drop_call(struct tab *tab); /* its DevTools call; the operation goes on */
void tab_op_clear(struct tab *tab);     /* it is forgotten, its callback does not come */
void tab_take_world(struct tab *tab); /* OP_CALL begins again, in the document that is there now */

/* What Chrome says of an end is only half of it ("killed", by whom?): the evidence decides, once. silent: nothing at all
 * came since the page was asked for. */
void tab_explain(struct tab *tab, bool silent, struct err *err);

void tab_remember(char **kept, const char *text); /* NULL changes nothing */

/* Timers of the tab, and its vitals: ctx is the tab. */
void tab_on_deadline(void *ctx);
void tab_on_again(void *ctx);
void tab_on_silent(void *ctx);

#endif
