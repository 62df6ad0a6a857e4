/* SPDX-License-Identifier: MIT */
/* merge.c - see merge.h. */
#include "db/merge.h"
#include "base/str.h"

struct merge {
    struct stored *deal;
    const struct reading *seen;
    unsigned changes;
    bool differs;
};

/* Did the same kind of page give what is known? */
static bool is_like(const struct merge *m, int bit)
{
    return !(m->deal->by_post & bit) == !m->seen->from_post;
}

static void note_origin(struct merge *m, int bit)
{
    int by_post = (m->deal->by_post & ~bit) | (m->seen->from_post ? bit : 0);

    m->differs |= ((by_post ^ m->deal->by_post) & BY_POST_ALL) != 0;
    m->deal->by_post = by_post;
}

static void note_change(struct merge *m, unsigned change, bool is_edit)
{
    m->changes |= change | (is_edit ? MERGE_EDIT : 0);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void merge_text(struct merge *m, const char **known, const char *seen, int bit,
                       unsigned change)
{
    if (!seen || (*known && !is_like(m, bit)))
        return;
    if (!str_eq(*known, seen))
        note_change(m, change, *known != NULL);
    *known = seen;
    note_origin(m, bit);
}

static void merge_price(struct merge *m)
{
    struct deal_row *known = &m->deal->deal.row;
    const struct deal_row *seen = m->seen->row;
    bool was_known = known->price_e2 != DEAL_UNKNOWN;
    const char *currency = seen->currency ? seen->currency : known->currency;

    if (seen->price_e2 == DEAL_UNKNOWN || (was_known && !is_like(m, BY_POST_PRICE)))
        return;
    if (known->price_e2 != seen->price_e2 || !str_eq(known->currency, currency))
        note_change(m, MERGE_PRICE, was_known);
    known->price_e2 = seen->price_e2;
    known->currency = currency;
    note_origin(m, BY_POST_PRICE);
}

static void merge_posted_at(struct merge *m)
{
    struct deal_row *known = &m->deal->deal.row;
    const struct deal_row *seen = m->seen->row;
    bool was_known = known->posted_at_ms != CLOCK_NONE;
    bool is_as_exact = known->posted_is_coarse == seen->posted_is_coarse;

    if (seen->posted_at_ms == CLOCK_NONE)
        return;
    if (was_known && (is_as_exact ? !is_like(m, BY_POST_POSTED) : seen->posted_is_coarse))
        return;
    if (known->posted_at_ms != seen->posted_at_ms)
        note_change(m, MERGE_POSTED, was_known && is_as_exact);
    m->differs |= known->posted_is_coarse != seen->posted_is_coarse;
    known->posted_at_ms = seen->posted_at_ms;
    known->posted_is_coarse = seen->posted_is_coarse;
    note_origin(m, BY_POST_POSTED);
}

/* Whoever set the mark takes it back; a list that shows it as well makes it the list's. */
static void merge_sold_out(struct merge *m)
{
    bool *known = &m->deal->deal.row.sold_out;
    bool was_sold_out = *known;

    if (m->seen->row->sold_out_unknown)
        return;
    if (m->seen->row->sold_out)
        *known = true;
    else if (is_like(m, BY_POST_SOLD))
        *known = false;
    if (*known != was_sold_out)
        note_change(m, MERGE_SOLD, true);
    if (m->seen->row->sold_out && (!was_sold_out || !m->seen->from_post))
        note_origin(m, BY_POST_SOLD);
}

static void merge_counter(struct merge *m, int64_t *known, int64_t seen)
{
    if (seen == DEAL_UNKNOWN || seen == *known)
        return;
    *known = seen;
    m->differs = true;
}

static void merge_silent_text(struct merge *m, const char **known, const char *seen)
{
    if (!seen || str_eq(*known, seen))
        return;
    *known = seen;
    m->differs = true;
}

/* ---- the title ------------------------------------------------------------------------------- */

enum title_verdict { TITLE_SAME, TITLE_EDITED, TITLE_COMPLETED };

static bool begins(const char *title, const char *stem)
{
    return title && stem && str_starts(title, stem);
}

static enum title_verdict judge_cut_title(const struct merge *m)
{
    const struct stored *deal = m->deal;
    const char *stem = m->seen->title_stem;
    bool is_other_form = deal->deal.row.title_is_cut || (deal->by_post & BY_POST_TITLE);

    if (m->seen->from_post || begins(deal->deal.row.title, stem) || begins(deal->title_stem, stem))
        return TITLE_SAME;
    return is_other_form && begins(stem, deal->title_stem) ? TITLE_SAME : TITLE_EDITED;
}

static enum title_verdict judge_title(const struct merge *m)
{
    const struct deal_row *known = &m->deal->deal.row;
    const struct deal_row *seen = m->seen->row;
    bool is_continued = begins(seen->title, m->deal->title_stem);

    if (str_eq(seen->title, known->title))
        return TITLE_SAME;
    if (m->seen->title_stem)
        return judge_cut_title(m);
    if (known->title_is_cut)
        return m->seen->from_post || is_continued ? TITLE_COMPLETED : TITLE_EDITED;
    if (is_like(m, BY_POST_TITLE))
        return TITLE_EDITED;
    return m->seen->from_post || is_continued ? TITLE_SAME : TITLE_EDITED;
}

static void take_title(struct merge *m, enum title_verdict verdict)
{
    struct deal_row *known = &m->deal->deal.row;

    known->title = m->seen->row->title;
    known->title_is_cut = m->seen->title_stem != NULL;
    note_origin(m, BY_POST_TITLE);
    if (verdict == TITLE_COMPLETED) {
        note_change(m, MERGE_TITLE_COMPLETED, false);
        return;
    }
    note_change(m, MERGE_TITLE, true);
    m->deal->deal.is_title_changed = true;
    m->deal->title_stem = m->seen->title_stem;
}

static void merge_title(struct merge *m)
{
    struct deal_row *known = &m->deal->deal.row;
    enum title_verdict verdict;

    if (!m->seen->row->title)
        return;
    verdict = judge_title(m);
    if (verdict != TITLE_SAME) {
        take_title(m, verdict);
    } else if (known->title_is_cut && !m->seen->title_stem &&
               str_eq(known->title, m->seen->row->title)) {
        known->title_is_cut = false; /* it only looked like one */
        m->differs = true;
    }
    if (!m->deal->title_stem && m->seen->title_stem) {
        m->deal->title_stem = m->seen->title_stem;
        m->differs = true;
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static void merge_life(struct merge *m)
{
    struct deal *deal = &m->deal->deal;

    if (m->seen->row->gone) {
        if (!deal->is_deleted)
            note_change(m, MERGE_DELETED, true);
        deal->is_deleted = true;
    } else if (m->seen->from_post) {
        if (m->deal->post_read_at_ms < m->seen->at_ms)
            m->deal->post_read_at_ms = m->seen->at_ms;
        m->differs = true;
    } else {
        if (deal->is_deleted)
            note_change(m, MERGE_UNDELETED, true);
        m->differs |= m->deal->absent_at_ms != CLOCK_NONE;
        deal->is_deleted = false;
        m->deal->absent_at_ms = CLOCK_NONE;
    }
}

unsigned merge_reading(struct stored *deal, const struct reading *seen, bool *differs_out)
{
    struct merge m = {.deal = deal, .seen = seen};
    struct deal_row *known = &deal->deal.row;
    const struct deal_row *row = seen->row;

    /* The key of the product follows the address that it was made from. */
    if (!known->shop_key || is_like(&m, BY_POST_REDIRECT))
        merge_silent_text(&m, &known->shop_key, row->shop_key);
    merge_title(&m);
    if (row->url && !str_eq(known->url, row->url)) {
        known->url = row->url;
        note_change(&m, MERGE_URL, true);
    }
    merge_text(&m, &known->redirect_url, row->redirect_url, BY_POST_REDIRECT, MERGE_REDIRECT);
    merge_text(&m, &known->image_url, row->image_url, BY_POST_IMAGE, MERGE_IMAGE);
    merge_text(&m, &known->mall, row->mall, BY_POST_MALL, MERGE_MALL);
    merge_text(&m, &known->category, row->category, BY_POST_CATEGORY, MERGE_CATEGORY);
    merge_price(&m);
    merge_posted_at(&m);
    merge_sold_out(&m);
    merge_silent_text(&m, &known->website, row->website);
    merge_counter(&m, &known->view, row->view);
    merge_counter(&m, &known->comment, row->comment);
    merge_counter(&m, &known->like, row->like);
    merge_counter(&m, &known->score, row->score);
    merge_life(&m);
    *differs_out = m.differs || m.changes;
    return m.changes;
}

/* ---- late ------------------------------------------------------------------------------------ */

static void leave_number(int64_t *seen, int64_t known)
{
    if (known != DEAL_UNKNOWN)
        *seen = DEAL_UNKNOWN;
}

static void leave_text(const char **seen, const char *known)
{
    if (known)
        *seen = NULL;
}

struct deal_row merge_late(const struct stored *deal, const struct reading *seen)
{
    const struct deal_row *known = &deal->deal.row;
    struct deal_row row = *seen->row;

    if (!known->title_is_cut || seen->title_stem || !begins(row.title, deal->title_stem))
        row.title = NULL;
    row.url = row.website = NULL;
    leave_text(&row.redirect_url, known->redirect_url);
    leave_text(&row.image_url, known->image_url);
    leave_text(&row.mall, known->mall);
    leave_text(&row.category, known->category);
    leave_text(&row.shop_key, known->shop_key);
    leave_number(&row.price_e2, known->price_e2);
    leave_number(&row.view, known->view);
    leave_number(&row.comment, known->comment);
    leave_number(&row.like, known->like);
    leave_number(&row.score, known->score);
    if (!known->posted_is_coarse || row.posted_is_coarse)
        leave_number(&row.posted_at_ms, known->posted_at_ms);
    row.sold_out_unknown = true;
    row.gone = deal->deal.is_deleted;
    return row;
}
