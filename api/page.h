/* SPDX-License-Identifier: MIT */
/* page.h - the web page and its parts, embedded from api/web. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/route.h"

void page_index(struct call *call);
void page_script(struct call *call);
void page_style(struct call *call);
void page_icon(struct call *call);

#endif
