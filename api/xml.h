/* SPDX-License-Identifier: MIT */
/* xml.h - text into XML 1.0: nothing of a board can end an element or an attribute, or break the document. */
#ifndef API_XML_H
#define API_XML_H

#include "base/buf.h"

/* Append `text` (NULL: nothing) for an element or a quoted attribute. What XML 1.0 has no place for
 * (section 2.2: most control characters, U+FFFE, U+FFFF) is left out; bytes that are no UTF-8 become U+FFFD. */
void xml_add(struct buf *out, const char *text);

/* <name>text</name>, nothing when text is NULL. */
void xml_add_element(struct buf *out, const char *name, const char *text);

#endif
