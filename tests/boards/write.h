/* SPDX-License-Identifier: MIT */
/* write.h - the pages as files: the generator without the server. */
#ifndef BOARDS_WRITE_H
#define BOARDS_WRITE_H

#include "boards/world.h"

/* Write every list page of every board, its bytes as a browser gets them and its truth, into
 * DIR/BOARD/LIST-N.html and .truth.json; its first page in each other look that it has
 * (list-desktop-1-epoch-2020); and the newest five posts (post-NUMBER). port goes into the addresses; 0: none is named.
 * Returns the number of pages, -1 with a message on stderr where a file can't be written. */
int write_pages(struct world *, const char *dir, int port);

#endif
