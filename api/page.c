/* SPDX-License-Identifier: MIT */
/* page.c - see page.h. The arrays end in a NUL that is no part of the file. */
#include "api/page.h"

#include "gen/app_js.h"
#include "gen/favicon_svg.h"
#include "gen/index_html.h"
#include "gen/style_css.h"

void page_index(struct call *call)
{
    respond_file(call->req, "text/html; charset=utf-8", index_html, sizeof(index_html) - 1);
}

void page_script(struct call *call)
{
    respond_file(call->req, "text/javascript; charset=utf-8", app_js, sizeof(app_js) - 1);
}

void page_style(struct call *call)
{
    respond_file(call->req, "text/css; charset=utf-8", style_css, sizeof(style_css) - 1);
}

void page_icon(struct call *call)
{
    respond_file(call->req, "image/svg+xml", favicon_svg, sizeof(favicon_svg) - 1);
}
